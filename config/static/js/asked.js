/* "None of these" and a tick above it exclude each other. The server asks again where this did not run. */
"use strict";
(() => {
  const set = document.querySelector("fieldset[data-none]");
  if (!set) return;
  const boxes = [...set.querySelectorAll("input[type=checkbox]")];
  set.addEventListener("change", (event) => {
    if (!event.target.checked) return;
    const none = event.target.value === set.dataset.none;
    for (const box of boxes) if (box !== event.target && (none || box.value === set.dataset.none)) box.checked = false;
  });
})();
