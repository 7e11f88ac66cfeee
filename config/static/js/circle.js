/* The circle around the spot: a tap on the picture sets its middle. The sliders are the real control and work without this. */
"use strict";
(() => {
  const form = document.querySelector("[data-circle]");
  if (!form) return;
  const { x, y, across } = form.elements, picture = form.querySelector(".circle-pic"), far = form.querySelector("[data-circle-far]");
  const { width, height } = picture.querySelector("svg").viewBox.baseVal;
  const unset = form.querySelector("[data-circle-unset]");
  const draw = () => {
    for (const circle of picture.querySelectorAll("circle")) {
      circle.setAttribute("cx", x.value * width);
      circle.setAttribute("cy", y.value * height);
      circle.setAttribute("r", across.value * Math.min(width, height) / 2);
    }
    far.hidden = across.value * form.dataset.short >= form.dataset.circle;
  };
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    x.value = (event.clientX - box.left) / box.width;
    y.value = (event.clientY - box.top) / box.height;
    touched();
  });
  const touched = () => { delete form.dataset.untouched; unset.hidden = true; draw(); };
  form.addEventListener("input", touched);
  // A circle that nobody has set shows the middle of the photo, not the spot: asked once, then it is kept.
  form.addEventListener("submit", (event) => {
    if (form.dataset.untouched === undefined) return;
    event.preventDefault();
    delete form.dataset.untouched;
    unset.hidden = false;
    unset.scrollIntoView({ block: "nearest" });
  });
  draw();
})();
