/* Looking at a photograph closely: fit, zoom, move, turn, one to one. Never changes a color. Without it the photo stands
   on Fit and opens at full size by a link. */
"use strict";
(() => {
  const stage = document.querySelector("[data-stage]");
  const image = stage && stage.querySelector("[data-image]");
  if (!image) return;
  const figure = image.closest("figure");
  const tools = document.querySelector("[data-viewer-tools]");
  const readout = tools.querySelector("[data-zoom]");
  const strip = [...document.querySelectorAll(".strip button[data-screen]")];
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let at = Math.max(0, strip.findIndex((button) => button.getAttribute("aria-pressed") === "true"));
  let zoom = 1, x = 0, y = 0, turn = 0;
  const MAX = 16;

  // What the photo measures on Fit, turned or not, in CSS pixels.
  const fitted = () => {
    const box = image.getBoundingClientRect.call(figure);
    const wide = image.clientWidth || box.width, high = image.clientHeight || box.height;
    const w = Number(strip[at].dataset.width) || image.naturalWidth || 1;
    const h = Number(strip[at].dataset.height) || image.naturalHeight || 1;
    const upright = Math.min(wide / w, high / h);
    const lying = Math.min(wide / h, high / w);
    return { upright, lying, w, h, wide, high };
  };
  const base = () => { const f = fitted(); return turn % 180 ? f.lying / f.upright : 1; };
  // The zoom at which one pixel of the photo is one pixel of the screen.
  const oneToOne = () => { const f = fitted(); return 1 / (f.upright * base() * (devicePixelRatio || 1)); };

  const draw = () => {
    const f = fitted();
    const scale = base() * zoom;
    const w = f.w * f.upright * scale, h = f.h * f.upright * scale;
    const seen = turn % 180 ? [h, w] : [w, h];
    const room = [Math.max(0, (seen[0] - f.wide) / 2), Math.max(0, (seen[1] - f.high) / 2)];
    x = Math.min(room[0], Math.max(-room[0], x));
    y = Math.min(room[1], Math.max(-room[1], y));
    image.style.transformOrigin = "50% 50%";
    image.style.transform = zoom === 1 && !turn ? "" : `translate(${x}px, ${y}px) rotate(${turn}deg) scale(${scale})`;
    figure.classList.toggle("is-movable", room[0] > 0 || room[1] > 0);
    const percent = Math.round(100 * zoom / oneToOne());
    readout.textContent = zoom === 1 ? "Fit" : `${percent}%`;
    press("fit", zoom === 1);
    press("one", zoom !== 1 && percent === 100);
    // the screen picture has 2016 pixels on its long side: closer than that, the full one is fetched
    const needed = Math.max(f.w, f.h) * f.upright * scale * (devicePixelRatio || 1);
    if (needed > 2100 && Math.max(f.w, f.h) > 2016) sharpen();
  };
  const press = (what, on) => {
    const button = tools.querySelector(`[data-do="${what}"]`);
    if (button) button.setAttribute("aria-pressed", String(on));
  };
  const sharpen = () => {
    const full = strip[at].dataset.full;
    if (image.dataset.loading === full) return;
    image.dataset.loading = full;
    const better = new Image();
    better.addEventListener("load", () => { if (image.dataset.loading === full) image.src = full; });
    better.src = full;
  };

  const zoomTo = (value, clientX, clientY) => {
    const next = Math.min(MAX, Math.max(1, value));
    if (clientX !== undefined) {
      const box = figure.getBoundingClientRect();
      const px = clientX - box.left - image.clientWidth / 2, py = clientY - box.top - image.clientHeight / 2;
      x = px - (px - x) * next / zoom;
      y = py - (py - y) * next / zoom;
    } else { x *= next / zoom; y *= next / zoom; }
    zoom = next;
    if (zoom === 1) { x = 0; y = 0; }
    draw();
  };
  const show = (index) => {
    at = (index + strip.length) % strip.length;
    strip.forEach((button, i) => button.setAttribute("aria-pressed", String(i === at)));
    const chosen = strip[at];
    zoom = 1; x = 0; y = 0; turn = 0;
    delete image.dataset.loading;
    image.src = chosen.dataset.screen;
    image.alt = chosen.dataset.alt;
    figure.querySelector("[data-caption]").textContent = chosen.querySelector("b").textContent;
    figure.querySelector("[data-caption-date]").textContent = chosen.querySelector("[data-when]").textContent;
    figure.querySelector("[data-caption-badge]").replaceChildren(
      ...[...chosen.querySelector("[data-badge]").childNodes].map((node) => node.cloneNode(true)));
    chosen.scrollIntoView({ block: "nearest", inline: "nearest", behavior: still.matches ? "auto" : "smooth" });
    draw();
  };
  const actions = {
    in: () => zoomTo(zoom * 1.4),
    out: () => zoomTo(zoom / 1.4),
    fit: () => zoomTo(1),
    one: () => zoomTo(oneToOne()),
    turn: () => { turn = (turn + 90) % 360; x = 0; y = 0; draw(); },
    next: () => show(at + 1),
    previous: () => show(at - 1),
  };

  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) actions[button.dataset.do]();
  });
  strip.forEach((button, index) => button.addEventListener("click", (event) => { event.preventDefault(); show(index); }));
  figure.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomTo(zoom * Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX, event.clientY);
  }, { passive: false });
  figure.addEventListener("dblclick", (event) => {
    event.preventDefault();
    if (zoom > 1) zoomTo(1); else zoomTo(Math.max(2, oneToOne()), event.clientX, event.clientY);
  });
  figure.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (!step) { if (event.key === "=") { event.preventDefault(); actions.in(); } return; }
    event.preventDefault();
    if (zoom === 1 && step[1] === 0) { show(at + (step[0] < 0 ? 1 : -1)); return; }
    x += step[0]; y += step[1];
    draw();
  });

  // one pointer moves, two pinch
  const down = new Map();
  let spread = 0;
  const gap = () => { const [a, b] = [...down.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
  figure.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    figure.setPointerCapture(event.pointerId);
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (down.size === 2) spread = gap();
  });
  figure.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (down.size === 2 && spread) {
      const [a, b] = [...down.values()], now = gap();
      zoomTo(zoom * now / spread, (a.x + b.x) / 2, (a.y + b.y) / 2);
      spread = now;
    } else if (down.size === 1) {
      x += event.clientX - before.x; y += event.clientY - before.y;
      draw();
    }
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    figure.addEventListener(kind, (event) => { down.delete(event.pointerId); spread = 0; });
  }
  image.addEventListener("load", draw);
  addEventListener("resize", draw);
  draw();
})();
