/* Small helps on every page. Everything works without them. */
"use strict";
(() => {
  // A toast confirms something done; it leaves by itself. Errors are never toasts.
  for (const toast of document.querySelectorAll("[data-toast]")) setTimeout(() => toast.remove(), 6000);

  // A second click on the same button must not send the form twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return; // it was not sent
    if (form.dataset.sent && form.method.toLowerCase() === "post") { event.preventDefault(); return; }
    if (form.method.toLowerCase() !== "post" || form.hasAttribute("data-repeatable")) return;
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
  // Coming back with the browser's back button: the form may be sent again.
  addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });

  // The list under "More" closes by Escape or a click elsewhere.
  const more = document.querySelector(".nav-more");
  if (more) {
    document.addEventListener("click", (event) => { if (!more.contains(event.target)) more.open = false; });
    more.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !more.open) return;
      more.open = false;
      more.querySelector("summary").focus();
    });
  }

  // The first photograph of the reader's next case, fetched while this one is read or signed.
  const nextCase = async (address) => {
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json", "X-Background": "1" }, credentials: "same-origin" });
      const { picture } = await answer.json();
      // into the browser's private cache for two minutes; the server marks it as fetched ahead, not as seen
      if (picture) await fetch(picture, { headers: { "X-Ahead": "1" }, credentials: "same-origin" });
    } catch (error) { /* the next case then opens as fast as any other */ }
  };
  const reading = document.querySelector("[data-ahead]");
  if (reading) {
    const when = window.requestIdleCallback || ((run) => setTimeout(run, 1500));
    addEventListener("load", () => when(() => nextCase(reading.dataset.ahead)));
  }

  const summary = document.getElementById("error-summary");
  if (summary) summary.focus();

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens);
      if (dialog && dialog.showModal) { event.preventDefault(); dialog.showModal(); }
      return;
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) { event.preventDefault(); closer.closest("dialog").close(); }
    const printer = event.target.closest("[data-print]");
    if (printer) { event.preventDefault(); print(); }
    const all = event.target.closest("[data-check-all]");
    if (all) for (const box of document.querySelectorAll(`input[name="${all.dataset.checkAll}"]`)) box.checked = all.checked;
  });

  // On a phone the bar is wider than the screen: the page that is open stays in sight.
  const here = document.querySelector(".nav > [aria-current]");
  if (here && here.parentElement.scrollWidth > here.parentElement.clientWidth) {
    here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;
  }

  // On a phone a table's rows are cards without a head: each number says what it counts (the style shows the label there).
  for (const table of document.querySelectorAll(".table-cards")) {
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
    for (const cell of table.querySelectorAll("tbody td.n")) if (heads[cell.cellIndex]) cell.dataset.label = heads[cell.cellIndex];
  }

  // Whoever dictates, or uses other keys, can turn the single letters off everywhere; this device remembers it.
  const KEYS = "dermforward-single-keys";
  window.dermforwardKeysOff = () => { try { return localStorage.getItem(KEYS) === "off"; } catch (error) { return false; } };
  for (const box of document.querySelectorAll("[data-single-keys]")) {
    box.checked = !window.dermforwardKeysOff();
    box.addEventListener("change", () => { try { localStorage.setItem(KEYS, box.checked ? "on" : "off"); } catch (error) { /* a private window forgets it */ } });
  }

  // Single letters, off while typing: j and k walk a list, Enter opens, / searches. The list of keys opens all the same.
  const typing = (node) => node.closest && node.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (window.dermforwardKeysOff() && event.key !== "?") return;
    const links = [...document.querySelectorAll("table.queue .q-name")];
    if (event.key === "/") {
      const search = document.querySelector(".search input");
      if (search) { event.preventDefault(); search.focus(); }
    } else if (links.length && (event.key === "j" || event.key === "k")) {
      const at = links.indexOf(document.activeElement);
      const next = links[Math.min(links.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
      next.focus();
    } else if (event.key.length === 1) {
      const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
      if (target && !document.querySelector("dialog[open]")) { event.preventDefault(); target.click(); }
    }
  });
})();
