/* Plan lines, differential, terms and own texts of the reading room, in place. Without this each button saves and comes back. */
"use strict";
(() => {
  const form = document.getElementById("review-form");
  if (!form) return;
  const told = () => form.dispatchEvent(new Event("input", { bubbles: true }));
  const hide = (node, is) => node.toggleAttribute("data-hide", is);
  const empty = (row) => [...row.querySelectorAll("input:not([type=hidden]), select")].every((one) => !one.value);

  // The last row is always an empty one; the first letter in it makes the next.
  const lists = { plan: form.querySelector("[data-rows=plan]"), diff: form.querySelector("[data-rows=diff]") };
  const blanks = { plan: lists.plan.lastElementChild.cloneNode(true), diff: lists.diff.lastElementChild.cloneNode(true) };
  const numbers = () => {
    [...lists.diff.children].forEach((row, place) => {
      const filled = row.querySelector("[name=diff_text]").value !== "";
      row.querySelector(".diff-rank").textContent = filled ? place + 1 : "";
      hide(row.querySelector("[name=diff_up]"), place === 0 || !filled);
    });
  };
  const chosen = (select) => (select.value ? select.options[select.selectedIndex].text : "");
  const say = (row) => {
    const field = (name) => row.querySelector(`[name=plan_${name}]`);
    const weeks = field("weeks").value, due = field("due").value, is = !empty(row);
    row.querySelector("[data-line-text]").textContent = is ? field("text").value || chosen(field("kind")) || "No words yet" : "Add a plan line";
    row.querySelector("[data-line-when]").textContent =
      [chosen(field("owner")), due ? `by ${due}` : weeks ? `within ${weeks} week${weeks === "1" ? "" : "s"}` : ""].filter(Boolean).join(", ");
    row.querySelector(".plan-edit").textContent = is ? "Edit" : "";
    hide(row.querySelector("[name=plan_remove]"), !is);
    const key = row.querySelector("[data-line-key]");
    if (key) key.hidden = is;
  };
  const grow = (kind) => {
    if (!empty(lists[kind].lastElementChild)) lists[kind].append(blanks[kind].cloneNode(true));
  };
  form.addEventListener("input", (event) => {
    const row = event.target.closest && event.target.closest("[data-rows] > li");
    if (row) {
      const kind = row.parentElement.dataset.rows;
      if (kind === "plan") say(row);
      grow(kind);
      numbers();
    }
    if (event.target.name === "finding_terms") terms();
  });
  const terms = () => {
    const words = [...form.querySelectorAll("[name=finding_terms]:checked")].map((box) => box.parentElement.textContent.trim());
    form.querySelector("[data-terms]").textContent = words.join(", ");
  };
  const addLine = () => {
    const row = lists.plan.lastElementChild;
    row.querySelector("details").open = true;
    row.querySelector("[name=plan_text]").focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key !== "p" || event.ctrlKey || event.metaKey || event.altKey || window.dermforwardKeysOff()) return;
    if (event.target.closest && event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    addLine();
  });
  // Enter in a line closes it: the next thing is its own key away.
  lists.plan.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    const line = event.target.closest("details");
    line.open = false;
    line.querySelector("summary").focus();
  });
  lists.diff.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    const next = event.target.closest("li").nextElementSibling;
    if (next) next.querySelector("input").focus();
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=plan_remove], button[name=diff_up], button[data-insert]");
    if (!button) return;
    event.preventDefault();
    if (button.dataset.insert) { insert(JSON.parse(button.dataset.insert)); return; }
    const row = button.closest("li");
    if (button.name === "plan_remove") {
      const next = row.nextElementSibling;
      row.remove();
      next.querySelector("summary").focus();
    } else if (row.previousElementSibling) {
      row.previousElementSibling.before(row);
      row.querySelector("[name=diff_text]").focus();
      numbers();
    }
    told();
  });

  // Own texts go behind what is typed. A {field} that nobody knows is selected, to be typed over; F8 goes to the next.
  const FIELD = /\{[a-z][a-z0-9 _-]{0,30}\}/i;
  const select = () => {
    for (const box of form.querySelectorAll("textarea, input[name=plan_text]")) {
      const found = FIELD.exec(box.value);
      if (!found) continue;
      const line = box.closest("details");
      if (line) line.open = true;
      box.focus();
      box.setSelectionRange(found.index, found.index + found[0].length);
      return;
    }
  };
  const insert = (text) => {
    for (const [name, words] of Object.entries(text.texts)) {
      const box = form.elements[name];
      box.value = box.value.trim() ? `${box.value.trimEnd()}\n${words}` : words;
    }
    for (const line of text.plan) {
      const row = lists.plan.lastElementChild;
      for (const [name, value] of Object.entries(line)) row.querySelector(`[name=plan_${name}]`).value = value;
      say(row);
      grow("plan");
    }
    for (const list of form.querySelectorAll(".texts")) list.open = false;
    told();
    select();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "F8") { event.preventDefault(); select(); }
  });
})();
