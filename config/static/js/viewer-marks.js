/* Marks over the photographs: arrow, outline, measure against a marked scale, text. They are data beside the picture,
   drawn over it in photo pixels, made by pointer or by keys, and listed in words. */
"use strict";
window.dermforwardMarks = ({ view, stage, tools, active, panes }) => {
  const address = view.dataset.marks;
  if (!address) return null;
  const NS = "http://www.w3.org/2000/svg";
  const SAY = {
    arrow: "Arrow: set where it starts, then what it points at", ellipse: "Outline: set one corner, then the opposite one",
    measure: "Measure: set one end, then the other", scale: "Scale: set both ends of a known length, like 10 mm of the ruler",
    text: "Text: set its place",
  };
  const list = tools.querySelector("[data-marks-list]"), none = tools.querySelector("[data-marks-none]");
  const dialog = document.getElementById("mark-dialog"), form = dialog.querySelector("form");
  const token = () => document.querySelector("input[name=csrfmiddlewaretoken]").value;
  let marks = {}, shown = true, mode = null, version = 0;

  const make = (name, attributes, parent) => {
    const node = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.append(node);
    return node;
  };
  const of = (pane) => marks[pane.entry.dataset.photo] || [];

  // --- drawing over one pane -------------------------------------------------------------------------------
  const shape = (pane, mark, group, u) => {
    const x1 = mark.x1 * pane.w, y1 = mark.y1 * pane.h, x2 = mark.x2 * pane.w, y2 = mark.y2 * pane.h;
    const twice = (name, attributes) => { for (const look of ["under", "line"]) make(name, { ...attributes, class: look }, group); };
    const angle = Math.atan2(y2 - y1, x2 - x1);
    if (mark.kind === "ellipse") {
      twice("ellipse", { cx: (x1 + x2) / 2, cy: (y1 + y2) / 2, rx: Math.abs(x2 - x1) / 2, ry: Math.abs(y2 - y1) / 2 });
    } else if (mark.kind !== "text") {
      const head = (x, y, turn, spread, size) => [-spread, spread].map((side) =>
        `M${x} ${y}L${x + Math.cos(turn + side) * size * u} ${y + Math.sin(turn + side) * size * u}`).join("");
      const ends = mark.kind === "arrow" ? head(x2, y2, angle + Math.PI, 0.45, 14)
        : head(x1, y1, angle, Math.PI / 2, 7) + head(x2, y2, angle, Math.PI / 2, 7);
      twice("path", { d: `M${x1} ${y1}L${x2} ${y2}${ends}` });
    }
    const words = mark.kind === "text" || mark.kind === "arrow" ? mark.text : mark.words.replace(/^\w+, /, "");
    if (!words) return;
    const at = { text: [x1, y1], arrow: [x1, y1], ellipse: [(x1 + x2) / 2, Math.min(y1, y2)] }[mark.kind] || [(x1 + x2) / 2, (y1 + y2) / 2];
    const label = make("text", { "font-size": 14 * u, "text-anchor": "middle", transform: `translate(${at[0]} ${at[1]}) rotate(${-pane.turn}) translate(0 ${-8 * u})` }, group);
    label.textContent = words;
  };
  const draw = (pane) => {
    if (!pane.entry) return;
    let svg = pane.sheet.querySelector("svg.marks");
    if (!svg) { svg = make("svg", { class: "marks", "aria-hidden": "true" }, pane.sheet); }
    const key = [pane.entry.dataset.photo, pane.scale().toFixed(5), pane.turn, version, shown, mode && mode.pane === pane && JSON.stringify(mode.at)].join();
    if (svg.dataset.key === key) return;
    svg.dataset.key = key;
    svg.setAttribute("viewBox", `0 0 ${pane.w} ${pane.h}`);
    svg.replaceChildren();
    const u = 1 / pane.scale();  // one pixel of the screen
    if (shown && !pane.veiled) for (const mark of of(pane)) shape(pane, mark, make("g", { class: mark.mine ? "is-mine" : "is-theirs" }, svg), u);
    if (mode && mode.pane === pane) {
      const [x, y] = mode.at;
      if (mode.from) shape(pane, { kind: mode.kind, x1: mode.from[0] / pane.w, y1: mode.from[1] / pane.h, x2: x / pane.w, y2: y / pane.h, text: "", words: "" }, make("g", {}, svg), u);
      make("path", { class: "cross", d: `M${x - 12 * u} ${y}H${x + 12 * u}M${x} ${y - 12 * u}V${y + 12 * u}` }, svg);
    }
  };
  const measure = (pane) => {
    const scale = of(pane).filter((mark) => mark.kind === "scale").sort((a, b) => a.mine - b.mine).pop();
    pane.perMm = scale ? Math.hypot((scale.x2 - scale.x1) * pane.w, (scale.y2 - scale.y1) * pane.h) / scale.mm : 0;
  };
  const again = () => {
    version += 1;
    for (const pane of panes()) { measure(pane); pane.draw(); }
    tell();
  };

  // --- the list in words -------------------------------------------------------------------------------------
  const tell = () => {
    const label = (photo) => { const entry = view.querySelector(`.strip [data-photo="${photo}"]`); return entry ? entry.dataset.label : "Earlier photo"; };
    const rows = Object.entries(marks).flatMap(([photo, all]) => all.map((mark) => [photo, mark]));
    none.hidden = rows.length > 0;
    list.replaceChildren(...rows.map(([photo, mark]) => {
      const row = document.createElement("li"), words = document.createElement("span");
      words.textContent = `${label(photo)}: ${mark.words}`;
      row.append(words);
      if (mark.mine) {
        const back = document.createElement("button");
        back.type = "button"; back.className = "btn btn-quiet btn-sm"; back.textContent = "Take back"; back.dataset.withdraw = mark.id;
        back.setAttribute("aria-label", `Take back: ${mark.words}`);
        row.append(back);
      }
      return row;
    }));
  };
  const send = async (url, body) => {
    const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token(), Accept: "application/json" }, credentials: "same-origin" });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.error || "Not saved. Draw it again.");
    marks = found.marks;
    again();
  };
  list.addEventListener("click", (event) => {
    const back = event.target.closest("[data-withdraw]");
    if (back) send(`${address}${back.dataset.withdraw}/withdraw/`, new FormData()).catch((error) => note(error.message));
  });

  // --- making one: press and drag, press twice, or the arrow keys and Enter -------------------------------------
  const line = document.createElement("p");
  line.className = "draw-say"; line.setAttribute("role", "status"); line.hidden = true;
  stage.append(line);
  const note = (text) => { line.textContent = text; line.hidden = !text; };
  const start = (kind) => {
    const pane = active();
    if (pane.veiled) return;
    mode = { kind, pane, from: null, at: [pane.cx * pane.w, pane.cy * pane.h] };
    shown = true;
    stage.classList.add("is-drawing");
    note(`${SAY[kind]}. Arrow keys and Enter, or press and drag. Esc stops.`);
    pane.figure.focus();
    draw(pane);
  };
  const stop = () => {
    if (!mode) return;
    const { pane } = mode;
    mode = null;
    stage.classList.remove("is-drawing");
    note("");
    draw(pane);
  };
  const inside = (pane, [x, y]) => [Math.min(pane.w, Math.max(0, x)), Math.min(pane.h, Math.max(0, y))];
  const set = () => {
    if (mode.kind !== "text" && !mode.from) { mode.from = mode.at; draw(mode.pane); return; }
    ask();
  };
  const ask = () => {
    form.reset();
    dialog.querySelector("[data-mark-title]").textContent = { arrow: "Arrow", ellipse: "Outline", measure: "Measure", scale: "Scale", text: "Text" }[mode.kind];
    for (const part of form.querySelectorAll("[data-for]")) part.hidden = (part.dataset.for === "scale") !== (mode.kind === "scale");
    form.elements.text.required = mode.kind === "text";
    form.elements.mm.required = mode.kind === "scale";
    form.querySelector("[data-mark-error]").textContent = "";
    dialog.showModal();
    (mode.kind === "scale" ? form.elements.mm : form.elements.text).focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { pane, kind, from, at } = mode, first = from || at, body = new FormData(form);
    const points = { x1: first[0] / pane.w, y1: first[1] / pane.h, x2: at[0] / pane.w, y2: at[1] / pane.h };
    for (const [name, value] of Object.entries(points)) body.set(name, Math.min(1, Math.max(0, value)));
    body.set("kind", kind); body.set("photo", pane.entry.dataset.photo);
    send(address, body).then(() => { stop(); dialog.close(); pane.figure.focus(); },
      (error) => { form.querySelector("[data-mark-error]").textContent = error.message; });
  });
  dialog.addEventListener("close", () => { const pane = active(); stop(); pane.figure.focus(); });

  stage.addEventListener("pointerdown", (event) => {
    const lens = event.target.closest("[data-lens]");
    const pane = lens && panes().find((one) => one.lens === lens);
    if (!mode || !pane || event.button) return;
    if (mode.pane !== pane) { mode.pane = pane; mode.from = null; }
    mode.at = inside(pane, pane.toPhoto(event.clientX, event.clientY));
    if (!mode.from && mode.kind !== "text") { mode.from = mode.at; mode.pressed = [event.clientX, event.clientY]; }
    draw(pane);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!mode || !mode.from || !event.target.closest("[data-lens]")) return;
    mode.at = inside(mode.pane, mode.pane.toPhoto(event.clientX, event.clientY));
    draw(mode.pane);
  });
  stage.addEventListener("pointerup", (event) => {
    if (!mode || !event.target.closest("[data-lens]")) return;
    // a short press sets the first end; a drag, or the second press, the other one
    const short = mode.pressed && Math.hypot(event.clientX - mode.pressed[0], event.clientY - mode.pressed[1]) < 5;
    mode.pressed = null;
    if (!short) ask();
  });
  stage.addEventListener("keydown", (event) => {
    if (!mode || dialog.open) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const { pane } = mode;
    if (step) {
      event.preventDefault();
      const length = (event.shiftKey ? 1 : 12) / pane.scale(), turn = -pane.turn * Math.PI / 180;
      const cos = Math.round(Math.cos(turn)), sin = Math.round(Math.sin(turn));
      mode.at = inside(pane, [mode.at[0] + (cos * step[0] - sin * step[1]) * length, mode.at[1] + (sin * step[0] + cos * step[1]) * length]);
      draw(pane);
    } else if (event.key === "Enter") { event.preventDefault(); set(); } else if (event.key === "Escape") stop();
  });
  tools.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-mark]");
    if (chosen) { start(chosen.dataset.mark); return; }
    if (event.target.closest("[data-marks-shown]")) {
      shown = !shown;
      event.target.closest("[data-marks-shown]").setAttribute("aria-pressed", String(shown));
      again();
    }
  });

  fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" })
    .then((answer) => answer.json()).then((found) => { marks = found.marks || {}; again(); }, () => {});
  return { draw, load: measure, drawing: () => Boolean(mode) };
};
