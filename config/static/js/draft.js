/* Saves what is typed within seconds. Without it, Continue saves. */
"use strict";
(() => {
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const line = document.querySelector("[data-saved]"), note = line.querySelector("span");
  const say = (words, state) => { note.textContent = words; line.dataset.state = state; };
  let timer = 0, running = false, again = false, leaving = false;
  const save = async () => {
    if (leaving) return;
    if (running) { again = true; return; }
    running = true;
    try {
      const answer = await fetch(location.href, {
        method: "POST", body: new FormData(form), headers: { "X-Draft": "1" }, credentials: "same-origin",
      });
      const body = await answer.json();
      if (answer.ok) {
        if (form.elements.version) form.elements.version.value = body.version;
        say(line.dataset.savedAt.replace("{when}", body.saved), "saved");
      } else {
        say(body.error || line.dataset.notSaved, "failed");
        if (answer.status === 401) location.href = body.sign_in;
      }
    } catch (error) {
      say(line.dataset.offline, "offline");
      again = true;
    }
    running = false;
    if (again) { again = false; timer = setTimeout(save, 4000); }
  };
  form.addEventListener("input", () => { leaving = false; clearTimeout(timer); timer = setTimeout(save, 1500); });
  const leave = (event) => {
    clearTimeout(timer);
    again = false;
    // what is pressed now comes last: no answer is saved after its question was skipped
    leaving = navigator.onLine;
    if (leaving) return;
    // without a line the browser would show its own page of errors in place of what was typed
    event.preventDefault();
    say(line.dataset.offline, "offline");
    line.scrollIntoView({ block: "nearest" });
  };
  for (const way of [form, ...document.querySelectorAll("form[data-leaves-draft]")]) way.addEventListener("submit", leave);
  addEventListener("online", save);
})();
