/* The desk's list by keyboard, and a refresh in the background that leaves place, ticks and focus where they were.
   j, k, /, ? and Enter are in app.js; here are the arrows and x, and the way back to the case that was open. */
"use strict";
(() => {
  const rows = () => document.getElementById("queue-rows");
  if (!rows()) return;
  const OPENED = "queue.opened";
  const links = () => [...rows().querySelectorAll(".q-name")];

  // Back from a case: its row is where the eyes left it.
  const opened = sessionStorage.getItem(OPENED);
  const back = opened && document.getElementById(opened);
  if (back) { back.focus({ preventScroll: false }); sessionStorage.removeItem(OPENED); }
  rows().addEventListener("click", (event) => {
    const link = event.target.closest(".q-name");
    if (link) sessionStorage.setItem(OPENED, link.id);
  });

  const typing = (node) => node.closest && node.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const all = links(), at = all.indexOf(document.activeElement);
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && at >= 0) {
      event.preventDefault();
      all[Math.min(all.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))].focus();
    } else if (event.key === "x" && at >= 0 && !window.dermforwardKeysOff()) {
      const box = all[at].closest("tr").querySelector("input[name=case]");
      box.checked = !box.checked;
      say();
    }
  });

  // How many are ticked, said once.
  const count = document.querySelector("[data-batch-count]");
  const say = () => {
    const n = rows().querySelectorAll("input[name=case]:checked").length;
    count.textContent = n ? `With the ${n} ticked case${n === 1 ? "" : "s"}:` : "With the ticked cases:";
  };
  document.addEventListener("change", (event) => { if (event.target.matches("input[type=checkbox]")) say(); });

  // The background refresh replaces the rows in place; what was ticked and focused stays so.
  let ticked = [], focused = "";
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target.id !== "queue-rows") return;
    ticked = [...rows().querySelectorAll("input[name=case]:checked")].map((box) => box.value);
    focused = rows().contains(document.activeElement) ? document.activeElement.id || document.activeElement.value : "";
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.id !== "queue-rows") return;
    for (const value of ticked) {
      const box = rows().querySelector(`input[name=case][value="${CSS.escape(value)}"]`);
      if (box) box.checked = true;
    }
    const node = focused && (document.getElementById(focused) || rows().querySelector(`input[name=case][value="${CSS.escape(focused)}"]`));
    if (node) node.focus({ preventScroll: true });
    say();
  });
})();
