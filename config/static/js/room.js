/* The draft saves itself within seconds. Without this, each button of the form saves first. */
"use strict";
(() => {
  const form = document.getElementById("review-form");
  if (!form) return;
  const note = document.querySelector("[data-saved]");
  const alertBox = document.querySelector("[data-room-alert]");
  const find = document.querySelector("[data-find]");
  const codes = form.querySelector("[data-codes]");
  let timer = 0, first = 0, running = null, dirty = false, leaving = false;

  const say = (text, tone) => { note.dataset.tone = tone; note.textContent = text; };
  const warn = (text) => { alertBox.hidden = !text; alertBox.querySelector("p").textContent = text; };
  const data = () => {
    const all = new FormData(form);
    all.delete("icd_q");
    return all;
  };
  const save = () => {
    clearTimeout(timer); first = 0;
    // the form itself is on its way with all of it: a second post beside it would only be a conflict
    if (leaving) return Promise.resolve(true);
    if (running) return running.then(() => (dirty ? save() : true));
    if (!dirty) return Promise.resolve(true);
    dirty = false;
    running = (async () => {
      try {
        const answer = await fetch(form.action, {
          method: "POST", body: data(), headers: { "X-Draft": "1", Accept: "application/json" }, credentials: "same-origin",
        });
        const body = await answer.json();
        if (answer.ok) {
          form.elements.version.value = body.version;
          say(`Draft saved ${body.saved}`, "good");
          warn(body.held ? "" : "You no longer hold this case. What you typed is kept with you; give the case a look on the work list.");
          return true;
        }
        if (answer.status === 409 && body.stale) {
          // the server shows both texts
          leaving = true;
          HTMLFormElement.prototype.submit.call(form);
          return false;
        }
        if (answer.status === 401) {
          leaving = true;
          HTMLFormElement.prototype.submit.call(form);
          return false;
        }
        dirty = true;
        warn(body.error || "Not saved.");
        say("Not saved", "bad");
      } catch (error) {
        dirty = true;
        say("Offline: your text stays on this page", "bad");
        timer = setTimeout(save, 4000);
      }
      return false;
    })().finally(() => { running = null; });
    return running;
  };
  const touched = () => {
    dirty = true;
    const now = Date.now();
    first = first || now;
    clearTimeout(timer);
    // shortly after the last key, and never later than 8 s after the first
    timer = setTimeout(save, Math.max(0, Math.min(1500, first + 8000 - now)));
  };
  form.addEventListener("input", (event) => { if (event.target.name !== "icd_q") touched(); });
  form.addEventListener("focusout", (event) => { if (dirty && event.target.name !== "icd_q") save(); });
  document.addEventListener("dermforward:save-now", () => save());
  document.addEventListener("dermforward:hold-lost", () =>
    warn("You no longer hold this case: the hold ended and someone else may have taken it. Your draft is kept."));
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
  addEventListener("beforeunload", (event) => { if (dirty && !leaving) event.preventDefault(); });

  // Codes are added and removed in place, so that the page and its clock go on.
  const addCode = (code, description) => {
    if ([...form.querySelectorAll("input[name=icd10cm]")].some((input) => input.value === code)) return;
    const row = document.createElement("li"), input = document.createElement("input");
    const text = document.createElement("span"), bold = document.createElement("b"), remove = document.createElement("button");
    const star = document.createElement("button");
    input.type = "hidden"; input.name = "icd10cm"; input.value = code;
    text.className = "small"; bold.className = "num"; bold.textContent = code;
    text.append(bold, ` ${description}`);
    remove.className = "btn btn-quiet btn-sm"; remove.type = "submit"; remove.name = "remove_code"; remove.value = code;
    remove.textContent = "Remove"; remove.setAttribute("aria-label", `Remove ${code}`);
    star.className = "btn btn-quiet btn-sm"; star.type = "submit"; star.name = "favourite"; star.value = code;
    star.textContent = "Keep"; star.setAttribute("aria-label", `Keep ${code} at hand`); star.setAttribute("aria-pressed", "false");
    text.classList.add("grow");
    row.append(input, text, star, remove);
    codes.append(row);
  };
  form.addEventListener("click", (event) => {
    const hit = event.target.closest("button[name=add_code]");
    const gone = event.target.closest("button[name=remove_code]");
    const kept = event.target.closest("button[name=favourite]");
    if (kept) {
      event.preventDefault();
      const form_ = new FormData();
      form_.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      form_.append("code", kept.value);
      fetch(codes.dataset.favourites, { method: "POST", body: form_, credentials: "same-origin", headers: { Accept: "application/json" } })
        .then((answer) => (answer.ok ? answer.json() : null))
        .then((told) => { if (told) kept.setAttribute("aria-pressed", String(told.is_favourite)); })
        .catch(() => warn("The line is down: the code is not kept at hand."));
    } else if (hit) {
      event.preventDefault();
      addCode(hit.value, hit.dataset.description);
      document.getElementById("icd-found").replaceChildren();
      form.elements.icd_q.value = "";
      form.elements.icd_q.focus();
      touched();
    } else if (gone) {
      event.preventDefault();
      gone.closest("li").remove();
      form.elements.icd_q.focus();
      touched();
    }
  });
  const query = form.elements.icd_q, found = document.getElementById("icd-found");
  const search = () => { if (window.htmx) htmx.trigger(query, "search"); };
  if (find && window.htmx) find.hidden = true;
  query.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    // never a code that was found for other words than those that stand here now
    const list = found.querySelector("[data-query]"), hit = found.querySelector("button[name=add_code]");
    if (hit && list.dataset.query === query.value.trim()) hit.click();
    else search();
  });
  for (const kind of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    query.addEventListener(kind, () => {
      const words = document.createElement("p");
      words.className = "small"; words.textContent = "The search does not answer. Press Enter to search again.";
      found.replaceChildren(words);
    });
  }

  // What was typed before the scripts had come: no event told of it. htmx is ready by then, it listens first.
  const changed = (field) => (field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked
    : field.type === "select-one" ? !(field.selectedOptions[0] || {}).defaultSelected && field.selectedIndex > 0
    : "defaultValue" in field && field.value !== field.defaultValue);
  document.addEventListener("DOMContentLoaded", () => {
    if ([...form.elements].some((field) => field !== query && changed(field))) touched();
    if (changed(query)) search();
  });

  // From anywhere in the room, the fields included: on to the check and the signature.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat || document.querySelector("dialog[open]")) return;
    const button = form.querySelector("button[name=next][value=sign]");
    if (button) { event.preventDefault(); button.click(); }
  });

  // Every way out saves first and closes the run of the clock, then goes on as it would without this script.
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (leaving) return;
    if (!button || !button.dataset || button.dataset.leave === undefined) { clearTimeout(timer); leaving = true; return; }
    event.preventDefault();
    clearTimeout(timer);
    button.setAttribute("aria-busy", "true");
    const clock = window.dermforwardClock;
    Promise.resolve(running).then(() => (clock ? clock.end(button.dataset.leave === "input") : null)).then(() => running).then(() => {
      leaving = true;
      form.requestSubmit(button);
      // where the next page does not come, what is typed here is saved as before
      setTimeout(() => { leaving = false; button.removeAttribute("aria-busy"); }, 10000);
    });
  });
})();
