/* Sends each photo as soon as it is chosen, with progress. Without it, each slot is a plain form with a button. */
"use strict";
(() => {
  const send = (form) => {
    const section = form.closest(".slot");
    const file = form.elements.photo;
    const box = form.querySelector("[data-progress]");
    const bar = box.querySelector("progress");
    const text = box.querySelector("[data-progress-text]");
    const button = form.querySelector("[data-send]");
    const size = [...file.files].reduce((sum, one) => sum + one.size, 0);
    const request = new XMLHttpRequest();
    box.hidden = false;
    button.hidden = true;
    section.dataset.tone = "info";
    request.upload.addEventListener("progress", (event) => {
      const share = Math.round(100 * event.loaded / event.total);
      bar.value = share;
      text.textContent = share < 100 ? `${share}% of ${(size / 1048576).toFixed(1)} MB` : "Almost there";
    });
    const failed = () => {
      text.textContent = "The line dropped. The photo is still on this phone.";
      button.hidden = false;
      button.lastChild.textContent = "Try again";
      bar.value = 0;
      addEventListener("online", () => { if (document.contains(form)) send(form); }, { once: true });
    };
    request.addEventListener("error", failed);
    request.addEventListener("timeout", failed);
    request.addEventListener("load", () => {
      if (request.status === 401) { location.href = JSON.parse(request.responseText).sign_in; return; }
      if (request.status !== 200 && request.status !== 422) { failed(); return; }
      section.outerHTML = request.responseText;
      const fresh = document.getElementById(section.id);
      watch(fresh);
      if (window.htmx) window.htmx.process(fresh);
      const heading = fresh.querySelector("h2");
      if (heading) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }
    });
    request.open("POST", form.action);
    request.setRequestHeader("X-Upload", "1");
    request.timeout = 300000;
    request.send(new FormData(form));
  };
  const watch = (root) => {
    for (const form of root.querySelectorAll("form[data-upload]")) {
      form.setAttribute("data-repeatable", "");
      form.querySelector("[data-send]").hidden = true;
      form.elements.photo.addEventListener("change", () => { if (form.elements.photo.files.length) send(form); });
      // chosen before this script was there
      if (form.elements.photo.files.length) send(form);
      form.addEventListener("submit", (event) => { event.preventDefault(); if (form.elements.photo.files.length) send(form); });
    }
  };
  watch(document);
  document.addEventListener("htmx:load", (event) => { if (event.target.matches && event.target.matches(".slot")) watch(event.target); });
})();
