/* Warns two minutes before the session ends for want of activity. Typing and pointing count: they are reported to the
   server at most once a minute, and to the other tabs of this browser at once. */
(function () {
  "use strict";
  const box = document.getElementById("idle-warning");
  if (!box) return;
  const WARN_MS = 120000;
  const REPORT_MS = 60000;
  const limit = Number(box.dataset.idleSeconds) * 1000;
  const shared = "dermforward-active";
  let active = Date.now();
  let reported = Date.now();
  let before = null;
  let typed = false;

  function share(at) {
    try { localStorage.setItem(shared, String(at)); } catch (error) { /* storage may be off: this tab counts alone */ }
  }

  function csrf() {
    const match = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
    const field = document.querySelector("input[name=csrfmiddlewaretoken]");
    return match ? decodeURIComponent(match[1]) : field ? field.value : "";
  }

  function report() {
    reported = Date.now();
    return fetch(box.dataset.stayUrl, {
      method: "POST",
      credentials: "same-origin",
      headers: { "X-CSRFToken": csrf(), Accept: "application/json" },
    }).then(function (answer) {
      if (answer.status === 401) signIn();
    }).catch(function () { /* the line is down: the next input tries again */ });
  }

  function signIn() {
    const here = location.pathname + location.search;
    location.assign(box.dataset.signInUrl + "?next=" + encodeURIComponent(here));
  }

  function hide() {
    if (box.hidden) return;
    box.hidden = true;
    if (before && before.focus) before.focus();
  }

  function onInput() {
    if (!box.hidden) return;
    const now = Date.now();
    if (now - active > 1000) { active = now; share(now); }
    if (now - reported > REPORT_MS) report();
  }

  function show() {
    before = document.activeElement;
    box.hidden = false;
    // forms that save by themselves listen to this and do it now
    document.dispatchEvent(new CustomEvent("dermforward:save-now"));
    document.getElementById("idle-stay").focus();
  }

  function tick() {
    const left = limit - (Date.now() - active);
    if (left <= 0) {
      document.getElementById("idle-title").textContent = "You are signed out";
      document.getElementById("idle-text").textContent =
        "What you typed stays on this page. Send it as usual: you sign in, and it goes on.";
      document.getElementById("idle-stay").hidden = true;
      clearInterval(timer);
      if (!typed) signIn();
    } else if (left <= WARN_MS) {
      if (box.hidden) show();
    } else {
      hide();
    }
  }

  document.addEventListener("input", function () { typed = true; }, true);
  document.addEventListener("submit", function () { typed = false; }, true);
  ["keydown", "pointerdown", "wheel", "touchstart"].forEach(function (kind) {
    document.addEventListener(kind, onInput, { passive: true, capture: true });
  });
  window.addEventListener("storage", function (event) {
    if (event.key === shared) active = Math.max(active, Number(event.newValue) || 0);
  });
  document.getElementById("idle-stay").addEventListener("click", function () {
    active = Date.now();
    share(active);
    report().then(hide);
  });
  share(active);
  const timer = setInterval(tick, 5000);
})();
