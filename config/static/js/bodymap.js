/* The drawing picks from the list beside it; the list is the real control and works without this. */
"use strict";
(() => {
  const map = document.querySelector("[data-bodymap]");
  if (!map) return;
  map.hidden = false;
  const form = map.closest("form"), chosen = map.querySelector("[data-map-chosen]");
  const field = (name) => form.elements[name];
  const radio = (name, value) => value ? form.querySelector(`input[name="${name}"][value="${value}"]`) : null;
  const words = (input) => input ? input.closest("label").textContent.trim() : "";
  const clear = (name) => { for (const one of form.querySelectorAll(`input[name="${name}"]`)) one.checked = false; };
  const point = (view, x, y) => { field("point_view").value = view; field("point_x").value = x; field("point_y").value = y; };

  const draw = () => {
    const site = field("site").value, side = field("side").value;
    for (const shape of map.querySelectorAll(".r")) {
      const { site: here, side: where } = shape.dataset;
      shape.classList.toggle("on", here === site && (!where || !side || side === "both" || side === "midline" || where === side));
    }
    for (const view of map.querySelectorAll("[data-map]")) {
      const pin = view.querySelector(".pin"), box = view.querySelector("svg").viewBox.baseVal;
      const here = field("point_view").value === view.dataset.map && field("point_x").value !== "";
      pin.setAttribute("visibility", here ? "visible" : "hidden");
      if (here) {
        pin.setAttribute("cx", box.x + field("point_x").value * box.width);
        pin.setAttribute("cy", box.y + field("point_y").value * box.height);
        const details = view.closest("details");
        if (details) details.open = true;
      }
    }
    chosen.textContent = [words(radio("site", site)), words(radio("side", side)).toLowerCase()].filter(Boolean).join(", ") || chosen.dataset.none;
    chosen.dataset.tone = site ? "good" : "neutral";
  };

  map.addEventListener("click", (event) => {
    if (event.target.closest("[data-map-clear]")) { clear("site"); clear("side"); point("", "", ""); draw(); return; }
    const shape = event.target.closest(".r"), place = shape && radio("site", shape.dataset.site);
    if (!place) return;
    place.checked = true;
    const side = radio("side", shape.dataset.side);
    if (side) side.checked = true;
    const svg = shape.ownerSVGElement, box = svg.viewBox.baseVal;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const share = (value) => Math.min(1, Math.max(0, value)).toFixed(4);
    point(shape.closest("[data-map]").dataset.map, share((at.x - box.x) / box.width), share((at.y - box.y) / box.height));
    place.dispatchEvent(new Event("input", { bubbles: true }));
    draw();
  });
  form.addEventListener("change", (event) => {
    // chosen from the list: the point of another place is not its point
    if (event.target.name === "site") point("", "", "");
    draw();
  });
  draw();
})();
