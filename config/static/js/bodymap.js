/* The drawing picks from the list below it; the list is the real control and works without this. */
"use strict";
(() => {
  const map = document.querySelector("[data-bodymap]");
  if (!map) return;
  map.hidden = false;
  const form = map.closest("form"), chosen = map.querySelector("[data-map-chosen]");
  const views = [...map.querySelectorAll("[data-map]")], buttons = [...map.querySelectorAll("[data-view]")];
  const field = (name) => form.elements[name];
  const radio = (name, value) => form.querySelector(`input[name="${name}"][value="${value}"]`);
  const words = (input) => input ? input.closest("label").textContent.trim() : "";

  const show = (key) => {
    for (const view of views) view.hidden = view.dataset.map !== key;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.view === key));
  };
  const draw = () => {
    const site = field("site").value, side = field("side").value;
    for (const shape of map.querySelectorAll("path")) {
      const mine = shape.dataset.site === site && (!shape.dataset.side || side === "both" || shape.dataset.side === side);
      shape.classList.toggle("is-on", mine);
    }
    for (const view of views) {
      const point = view.querySelector(".bodymap-point"), box = view.querySelector("svg").viewBox.baseVal;
      const here = field("point_view").value === view.dataset.map && field("point_x").value !== "";
      point.toggleAttribute("hidden", !here);
      if (here) {
        point.setAttribute("cx", field("point_x").value * box.width);
        point.setAttribute("cy", field("point_y").value * box.height);
      }
    }
    const place = radio("site", site), where = radio("side", side);
    chosen.textContent = place ? [words(place), words(where)].filter(Boolean).join(", ") : chosen.dataset.none;
  };
  const forget = () => { field("point_view").value = ""; field("point_x").value = ""; field("point_y").value = ""; };

  map.addEventListener("click", (event) => {
    const button = event.target.closest("[data-view]");
    if (button) { show(button.dataset.view); return; }
    const shape = event.target.closest("path");
    if (!shape) return;
    const place = radio("site", shape.dataset.site);
    if (!place) return;
    place.checked = true;
    place.closest("details").open = true;
    const side = shape.dataset.side && radio("side", shape.dataset.side);
    if (side) side.checked = true;
    else for (const one of form.querySelectorAll('input[name="side"]')) one.checked = false;
    const svg = shape.ownerSVGElement, box = svg.viewBox.baseVal;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const share = (value) => Math.min(1, Math.max(0, value)).toFixed(4);
    field("point_view").value = shape.closest("[data-map]").dataset.map;
    field("point_x").value = share(at.x / box.width);
    field("point_y").value = share(at.y / box.height);
    place.dispatchEvent(new Event("input", { bubbles: true }));
    draw();
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "site") {
      // chosen from the list: the point of another place is not its point
      forget();
      const first = map.querySelector(`path[data-site="${event.target.value}"]`);
      if (first) show(first.closest("[data-map]").dataset.map);
    }
    draw();
  });
  const stored = field("point_view").value || (map.querySelector(`path[data-site="${field("site").value}"]`) || buttons[0]).closest("[data-map], [data-view]").dataset.map;
  if (stored) show(stored);
  draw();
})();
