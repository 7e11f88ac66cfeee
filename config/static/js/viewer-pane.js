/* One photograph in its frame: fit, zoom, move, turn, one to one, lighter and darker, the small map, the scale, tiles.
   The picture itself is never changed: all of this is how the page draws it. */
"use strict";
window.dermforwardPane = (() => {
  const MAX = 24, SCREEN_SIDE = 2016, TILED_FROM = 20e6;
  const NICE = [0.5, 1, 2, 5, 10, 20, 50, 100, 200];
  const TRUE = { light: 100, contrast: 100 };
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  class Pane {
    /* `figure` holds lens > sheet > img; `hooks`: moved(pane), chosen(pane). */
    constructor(figure, hooks) {
      this.figure = figure;
      this.hooks = hooks;
      this.lens = figure.querySelector("[data-lens]");
      this.sheet = figure.querySelector("[data-sheet]");
      this.layer = figure.querySelector("[data-layer]");
      this.image = figure.querySelector("[data-image]");
      this.mini = figure.querySelector("[data-mini]");
      this.ruler = figure.querySelector("[data-scale]");
      this.veil = figure.querySelector("[data-veil]");
      this.zoom = 1; this.turn = 0; this.cx = 0.5; this.cy = 0.5;
      this.look = { ...TRUE };
      this.perMm = 0;
      this.tiles = new Map();
      this.down = new Map();
      this.opened = new Set();
      this.listen();
    }

    // --- which photograph ------------------------------------------------------------------------------
    show(entry) {
      this.entry = entry;
      const facts = entry.dataset;
      this.w = Number(facts.width) || 1; this.h = Number(facts.height) || 1;
      this.zoom = 1; this.turn = 0; this.cx = 0.5; this.cy = 0.5; this.perMm = 0;
      this.look = { ...TRUE };
      this.dropTiles();
      this.sharp = ""; this.manifest = null;
      const veiled = facts.veiled === "1" && !this.opened.has(facts.photo);
      this.image.alt = facts.alt;
      this.set(veiled ? facts.thumb : facts.screen);
      this.veil.hidden = !veiled;
      this.figure.classList.toggle("is-veiled", veiled);
      this.figure.dataset.shownPhoto = veiled ? "" : facts.photo;
      this.mini.querySelector("img").src = facts.thumb;
      const caption = (name, text) => { this.figure.querySelector(`[data-caption${name}]`).textContent = text; };
      caption("", facts.label); caption("-date", facts.when);
      const badge = facts.earlier ? "earlier" : "badge";
      this.figure.querySelector("[data-caption-badge]").replaceChildren(
        ...[...entry.querySelector(`[data-${badge}]`).childNodes].map((node) => node.cloneNode(true)));
      this.figure.querySelector("[data-facts]").replaceChildren(...facts.facts.split(" | ").map((line) => {
        const item = document.createElement("li"); item.textContent = line; return item;
      }));
      this.draw();
    }
    set(address) { if (this.image.getAttribute("src") !== address) this.image.src = address; }
    open() {
      // only now is the large picture asked for, and that request is the trace of who opened it
      this.opened.add(this.entry.dataset.photo);
      this.veil.hidden = true;
      this.figure.classList.remove("is-veiled");
      this.figure.dataset.shownPhoto = this.entry.dataset.photo;
      this.set(this.entry.dataset.screen);
      this.figure.focus();
      this.draw();
    }
    get veiled() { return !this.veil.hidden; }

    // --- geometry: photo pixels <-> pixels of the lens ---------------------------------------------------
    get lying() { return this.turn % 180 !== 0; }
    fit() {
      const [w, h] = this.lying ? [this.h, this.w] : [this.w, this.h];
      return Math.min((this.lens.clientWidth || 1) / w, (this.lens.clientHeight || 1) / h);
    }
    scale() { return this.fit() * this.zoom; }
    oneToOne() { return 1 / (this.fit() * (devicePixelRatio || 1)); }
    matrix() {
      const s = this.scale(), angle = this.turn * Math.PI / 180;
      const a = s * Math.round(Math.cos(angle)), b = s * Math.round(Math.sin(angle));
      const x = this.cx * this.w, y = this.cy * this.h;
      return [a, b, -b, a, this.lens.clientWidth / 2 - (a * x - b * y), this.lens.clientHeight / 2 - (b * x + a * y)];
    }
    toPhoto(clientX, clientY) {
      const box = this.lens.getBoundingClientRect(), [a, b, , , e, f] = this.matrix(), d = a * a + b * b;
      const x = clientX - box.left - e, y = clientY - box.top - f;
      return [(a * x + b * y) / d, (a * y - b * x) / d];
    }
    /* Share of the photo that the lens shows, along the photo's own axes. */
    seen() {
      const s = this.scale(), l = [this.lens.clientWidth, this.lens.clientHeight];
      const [x, y] = this.lying ? [l[1], l[0]] : l;
      return [x / s / this.w, y / s / this.h];
    }
    draw() {
      if (!this.entry) return;
      const [sx, sy] = this.seen();
      this.cx = sx >= 1 ? 0.5 : clamp(this.cx, sx / 2, 1 - sx / 2);
      this.cy = sy >= 1 ? 0.5 : clamp(this.cy, sy / 2, 1 - sy / 2);
      this.sheet.style.width = `${this.w}px`;
      this.sheet.style.height = `${this.h}px`;
      this.sheet.style.transform = `matrix(${this.matrix().join(",")})`;
      const { light, contrast } = this.look, adjusted = light !== 100 || contrast !== 100;
      this.layer.style.filter = adjusted ? `brightness(${light}%) contrast(${contrast}%)` : "";
      this.figure.querySelector("[data-adjusted]").hidden = !adjusted;
      this.figure.classList.toggle("is-movable", sx < 1 || sy < 1);
      this.drawMini(sx, sy);
      this.drawRuler();
      if (!this.veiled) this.sharpen();
      this.hooks.drawn(this);
    }
    drawMini(sx, sy) {
      this.mini.hidden = sx >= 1 && sy >= 1;
      if (this.mini.hidden) return;
      this.mini.style.aspectRatio = `${this.w} / ${this.h}`;
      const x = Math.max(0, this.cx - sx / 2) * 100, y = Math.max(0, this.cy - sy / 2) * 100;
      for (const box of this.mini.querySelectorAll("rect")) {
        box.setAttribute("x", x); box.setAttribute("y", y);
        box.setAttribute("width", Math.min(100, sx * 100)); box.setAttribute("height", Math.min(100, sy * 100));
      }
    }
    drawRuler() {
      this.ruler.hidden = !this.perMm;
      if (!this.perMm) return;
      const perMm = this.perMm * this.scale();
      const mm = NICE.filter((length) => length * perMm <= 130).pop() || NICE[0];
      this.ruler.querySelector("span").textContent = mm < 100 ? `${mm} mm` : `${mm / 10} cm`;
      this.ruler.style.width = `${mm * perMm}px`;
    }

    // --- acts ----------------------------------------------------------------------------------------------
    zoomTo(value, clientX, clientY, quiet) {
      const before = clientX === undefined ? null : this.toPhoto(clientX, clientY);
      this.zoom = clamp(value, this.hooks.linked() ? 0.25 : 1, MAX * Math.max(1, this.oneToOne() / 8));
      if (before) {
        const after = this.toPhoto(clientX, clientY);
        this.cx += (before[0] - after[0]) / this.w;
        this.cy += (before[1] - after[1]) / this.h;
      }
      this.draw();
      if (!quiet) this.hooks.moved(this);
    }
    pan(dx, dy) {
      const angle = this.turn * Math.PI / 180, s = this.scale();
      const cos = Math.round(Math.cos(angle)), sin = Math.round(Math.sin(angle));
      this.cx -= (cos * dx + sin * dy) / s / this.w;
      this.cy -= (cos * dy - sin * dx) / s / this.h;
      this.draw();
      this.hooks.moved(this);
    }
    rotate() { this.turn = (this.turn + 90) % 360; this.draw(); this.hooks.moved(this); }
    adjust(what, by) { this.look[what] = by === 0 ? 100 : clamp(this.look[what] + by, 30, 300); this.draw(); }
    trueLook() { this.look = { ...TRUE }; this.draw(); }

    // --- nearer than the screen picture: the full one, or tiles of it ----------------------------------------
    sharpen() {
      const needed = this.scale() * (devicePixelRatio || 1);
      if (Math.max(this.w, this.h) <= SCREEN_SIDE || needed * Math.max(this.w, this.h) <= SCREEN_SIDE * 1.05) return;
      if (this.w * this.h > TILED_FROM && this.entry.dataset.tiles) this.drawTiles(needed);
      else this.loadFull();
    }
    loadFull() {
      const full = this.entry.dataset.full;
      if (this.sharp === full) return;
      this.sharp = full;
      const better = new Image();
      better.src = full;
      better.decode().then(() => { if (this.sharp === full) this.image.src = full; }, () => {});
    }
    drawTiles(needed) {
      if (!this.manifest) {
        const address = this.entry.dataset.tiles;
        this.manifest = { levels: [] };
        fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" })
          .then((answer) => (answer.status === 200 ? answer.json() : Promise.reject()))
          .then((made) => { if (this.entry.dataset.tiles === address) { this.manifest = made; this.draw(); } })
          .catch(() => { if (this.entry.dataset.tiles === address) this.loadFull(); });
        return;
      }
      const levels = this.manifest.levels;
      if (!levels.length) return;
      const fine = levels.findIndex((level) => level.scale >= needed * 0.9);
      const index = fine < 0 ? levels.length - 1 : fine, level = levels[index], step = this.manifest.side / level.scale;
      const [sx, sy] = this.seen();
      const range = (centre, share, whole, count) => [
        clamp(Math.floor((centre - share / 2) * whole / step), 0, count - 1),
        clamp(Math.floor((centre + share / 2) * whole / step), 0, count - 1),
      ];
      const [left, right] = range(this.cx, sx, this.w, level.columns), [top, bottom] = range(this.cy, sy, this.h, level.rows);
      const wanted = new Set();
      for (let row = top; row <= bottom; row += 1) {
        for (let column = left; column <= right; column += 1) {
          const key = `${index}/${column}/${row}`;
          wanted.add(key);
          if (!this.tiles.has(key)) this.tiles.set(key, this.tile(index, column, row, step));
        }
      }
      // what is out of sight goes once there is much of it; tiles of another level lie below and cover the wait
      if (this.tiles.size > 160) {
        for (const [key, tile] of this.tiles) if (!wanted.has(key)) { tile.remove(); this.tiles.delete(key); }
      }
    }
    tile(index, column, row, step) {
      const tile = document.createElement("img");
      tile.className = "tile"; tile.alt = ""; tile.draggable = false;
      tile.style.left = `${column * step}px`; tile.style.top = `${row * step}px`;
      tile.style.width = `${Math.min(step, this.w - column * step)}px`;
      tile.style.height = `${Math.min(step, this.h - row * step)}px`;
      tile.style.zIndex = String(index);
      tile.src = `${this.manifest.address}${index}/${column}/${row}/?seen=${this.manifest.ticket}`;
      tile.addEventListener("error", () => tile.remove());
      this.layer.append(tile);
      return tile;
    }
    dropTiles() { for (const tile of this.tiles.values()) tile.remove(); this.tiles.clear(); }

    // --- pointer: one moves, two pinch -------------------------------------------------------------------------
    listen() {
      const lens = this.lens, down = this.down;
      lens.addEventListener("wheel", (event) => {
        event.preventDefault();
        this.zoomTo(this.zoom * Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX, event.clientY);
      }, { passive: false });
      lens.addEventListener("dblclick", (event) => {
        event.preventDefault();
        if (this.zoom > 1) this.zoomTo(1); else this.zoomTo(Math.max(2, this.oneToOne()), event.clientX, event.clientY);
      });
      const pinch = () => {
        const [a, b] = [...down.values()];
        return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, gap: Math.hypot(a.x - b.x, a.y - b.y) || 1 };
      };
      lens.addEventListener("pointerdown", (event) => {
        this.hooks.chosen(this);
        if (event.button || this.hooks.drawing()) return;
        lens.setPointerCapture(event.pointerId);
        down.set(event.pointerId, { x: event.clientX, y: event.clientY });
      });
      lens.addEventListener("pointermove", (event) => {
        const last = down.get(event.pointerId);
        if (!last) return;
        const before = down.size === 2 ? pinch() : null;
        down.set(event.pointerId, { x: event.clientX, y: event.clientY });
        if (before) {
          const now = pinch();
          this.zoomTo(this.zoom * now.gap / before.gap, now.x, now.y);
          this.pan(now.x - before.x, now.y - before.y);
        } else if (down.size === 1) this.pan(event.clientX - last.x, event.clientY - last.y);
      });
      for (const kind of ["pointerup", "pointercancel"]) lens.addEventListener(kind, (event) => down.delete(event.pointerId));
      this.image.addEventListener("load", () => this.draw());
      this.figure.addEventListener("focus", () => this.hooks.chosen(this));
      this.veil.querySelector("button").addEventListener("click", () => this.open());
    }
  }
  return Pane;
})();
