/* The circle around the spot: a tap on the picture sets its middle. The sliders are the real control and work without this. */
"use strict";
(() => {
  const form = document.querySelector("[data-circle]");
  if (!form) return;
  const { x, y, across } = form.elements, picture = form.querySelector(".circle-pic"), far = form.querySelector("[data-circle-far]");
  const { width, height } = picture.querySelector("svg").viewBox.baseVal;
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
    draw();
  });
  form.addEventListener("input", draw);
  draw();
})();
