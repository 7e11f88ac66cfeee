/* The viewer: one photograph or two side by side, the strip, the tools and their keys, and what is fetched ahead.
   Without it the photo stands on Fit and opens at full size by a link. */
"use strict";
(() => {
  const view = document.querySelector("[data-view]");
  const stage = view && view.querySelector("[data-stage]");
  const first = stage && stage.querySelector("[data-pane]");
  const Pane = window.dermforwardPane;
  if (!first || !Pane) return;
  const tools = view.querySelector("[data-viewer-tools]"), strip = view.querySelector(".strip");
  const readout = tools.querySelector("[data-zoom]");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const blank = first.cloneNode(true);
  const entries = () => [...strip.querySelectorAll("button[data-photo]")];
  const button = (what) => tools.querySelector(`[data-do="${what}"]`);
  const press = (what, on) => { if (button(what)) button(what).setAttribute("aria-pressed", String(on)); };
  let panes = [], active = null, linked = true, facts = false, marks = null;

  const hooks = {
    linked: () => linked && panes.length > 1,
    drawing: () => Boolean(marks && marks.drawing()),
    chosen: (pane) => { if (active !== pane) { active = pane; mark(); } },
    moved: (pane) => { if (hooks.linked()) for (const other of panes) if (other !== pane) follow(pane, other); },
    drawn: (pane) => { if (marks) marks.draw(pane); if (pane === active) say(); },
  };
  // The same place of both; the same millimetres where both scales are known, else the same share of the picture.
  const follow = (pane, other) => {
    other.cx = pane.cx; other.cy = pane.cy;
    const both = pane.perMm && other.perMm;
    other.zoomTo(both ? pane.scale() * pane.perMm / other.perMm / other.fit() : pane.zoom, undefined, undefined, true);
  };
  const say = () => {
    const percent = Math.round(100 * active.zoom / active.oneToOne());
    readout.textContent = active.zoom === 1 ? "Fit" : `${percent}%`;
    press("fit", active.zoom === 1);
    press("one", active.zoom !== 1 && percent === 100);
    button("true").hidden = panes.every((pane) => pane.look.light === 100 && pane.look.contrast === 100);
  };
  const mark = () => {
    for (const pane of panes) pane.figure.classList.toggle("is-on", pane === active && panes.length > 1);
    const shown = panes.map((pane) => pane.entry);
    for (const entry of entries()) {
      entry.setAttribute("aria-pressed", String(shown.includes(entry)));
      if (entry === active.entry) entry.setAttribute("aria-current", "true"); else entry.removeAttribute("aria-current");
    }
    say();
  };
  const show = (pane, entry) => {
    pane.show(entry);
    if (marks) marks.load(pane);
    entry.scrollIntoView({ block: "nearest", inline: "nearest", behavior: still.matches ? "auto" : "smooth" });
    mark();
    if (pane.image.complete && pane.image.naturalWidth) ahead(); else pane.image.addEventListener("load", ahead, { once: true });
  };
  const walk = (by) => {
    const all = entries(), at = all.indexOf(active.entry);
    show(active, all[(at + by + all.length) % all.length]);
  };

  // --- side by side ----------------------------------------------------------------------------------------
  const partner = () => {
    const all = entries(), mine = active.entry.dataset;
    return all.find((entry) => entry.dataset.earlier && !mine.earlier && entry.dataset.slot === mine.slot)
      || all[(all.indexOf(active.entry) + 1) % all.length];
  };
  const compare = (on) => {
    stage.classList.toggle("is-single", !on);
    press("compare", on);
    button("link").hidden = !on; button("other").hidden = !on;
    if (on) {
      const figure = blank.cloneNode(true);
      stage.prepend(figure);
      const pane = new Pane(figure, hooks);
      panes.unshift(pane);
      figure.classList.toggle("has-facts", facts);
      show(pane, partner());
      for (const one of panes) { one.zoom = 1; one.draw(); }
    } else {
      for (const pane of panes) if (pane !== active) pane.figure.remove();
      panes = [active];
      active.draw();
    }
    mark();
  };
  const bothOrOne = () => (hooks.linked() ? panes : [active]);

  const acts = {
    in: () => active.zoomTo(active.zoom * 1.4),
    out: () => active.zoomTo(active.zoom / 1.4),
    fit: () => active.zoomTo(1),
    one: () => active.zoomTo(active.oneToOne()),
    turn: () => active.rotate(),
    previous: () => walk(-1),
    next: () => walk(1),
    compare: () => compare(panes.length === 1),
    link: () => { linked = !linked; press("link", linked); hooks.moved(active); },
    other: () => { active = panes.find((pane) => pane !== active) || active; active.figure.focus(); mark(); },
    brighter: () => bothOrOne().forEach((pane) => pane.adjust("light", 10)),
    darker: () => bothOrOne().forEach((pane) => pane.adjust("light", -10)),
    more: () => bothOrOne().forEach((pane) => pane.adjust("contrast", 10)),
    less: () => bothOrOne().forEach((pane) => pane.adjust("contrast", -10)),
    true: () => panes.forEach((pane) => pane.trueLook()),
    facts: () => { facts = !facts; press("facts", facts); for (const pane of panes) pane.figure.classList.toggle("has-facts", facts); },
    open: () => { if (active.veiled) active.open(); },
    form: () => {
      const field = document.querySelector("#review-form .scroll :is(input:not([type=hidden]), select, textarea)");
      if (field) field.focus();
    },
  };

  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-do]");
    if (pressed && acts[pressed.dataset.do]) { acts[pressed.dataset.do](); say(); }
  });
  strip.addEventListener("click", (event) => {
    const entry = event.target.closest("button[data-photo]");
    if (entry) { event.preventDefault(); show(active, entry); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest && event.target.closest("input, textarea, select");
    // out of a field, back to the photographs
    if (event.key === "Escape" && typing && typing.closest("#review-form")) { active.figure.focus(); return; }
    if (typing || !event.target.closest || !event.target.closest("[data-pane]")) {
      if (!typing && event.key === "=" && !window.dermforwardKeysOff()) { event.preventDefault(); acts.in(); }
      return;
    }
    if (hooks.drawing()) return;
    if (event.key === "=" && !window.dermforwardKeysOff()) { event.preventDefault(); acts.in(); return; }
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (!step) return;
    event.preventDefault();
    if (active.zoom === 1 && step[1] === 0) walk(step[0] < 0 ? 1 : -1); else active.pan(...step);
  });
  new ResizeObserver(() => panes.forEach((pane) => pane.draw())).observe(stage);

  // --- fetched ahead: the next photograph of this case -------------------------------------------------------
  const warm = new Map();
  const ahead = () => {
    const all = entries(), next = all[(all.indexOf(active.entry) + 1) % all.length];
    if (next && next.dataset.veiled !== "1" && !warm.has(next.dataset.screen)) {
      const image = new Image();
      image.src = next.dataset.screen;
      warm.set(next.dataset.screen, image);
    }
  };
  panes = [new Pane(first, hooks)];
  active = panes[0];
  if (window.dermforwardMarks) marks = window.dermforwardMarks({ view, stage, tools, active: () => active, panes: () => panes });
  show(active, entries().find((entry) => entry.getAttribute("aria-pressed") === "true") || entries()[0]);
  document.addEventListener("htmx:afterSwap", mark);
})();
