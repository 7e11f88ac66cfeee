/* Saves what is typed within seconds. Without it, Continue saves. */
"use strict";
(() => {
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const line = document.querySelector("[data-saved]"), note = line.querySelector("span");
  const say = (words, state) => { note.textContent = words; line.dataset.state = state; };
  let timer = 0, running = false, again = false;
  const save = async () => {
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
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 1500); });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    again = false;
    if (navigator.onLine) return;
    // without a line the browser would show its own page of errors in place of what was typed
    event.preventDefault();
    say(line.dataset.offline, "offline");
    line.scrollIntoView({ block: "nearest" });
  });
  addEventListener("online", save);
})();
