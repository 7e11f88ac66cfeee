/* The slots of the photo page: a chosen photo is kept on the device, looked at, and sent while the person goes on.
   Without this script each slot is a plain form with a button. */
"use strict";
(() => {
  const photos = window.dermforwardPhotos;
  const box = document.querySelector("[data-slots]");
  if (!box) return;
  const create = box.dataset.create, say = (name) => box.dataset[`say${name}`] || "";
  const megabytes = (bytes) => `${(bytes / 1048576).toFixed(1)} MB`;
  const card = document.getElementById("photo-on-its-way");
  const pictures = new Map(), prints = new Map();  // by the key of a photo on its way

  // for who listens: what happened, not each share of it
  const listener = document.querySelector("[data-told]");
  const sayAloud = (text) => { if (listener) listener.textContent = text; };

  const words = (photo) => {
    const share = photo.size ? Math.round(100 * photo.offset / photo.size) : 0;
    switch (photo.state) {
      case "sending": return share < 100 ? say("Sending").replace("{share}", share).replace("{size}", megabytes(photo.size)) : say("Almost");
      case "offline": return say("Offline");
      case "paused": return say("Paused");
      case "signed-out": return say("SignedOut");
      case "refused": return photo.message || say("Refused");
      default: return say("Waiting");
    }
  };

  const draw = (photo) => {
    if (photo.create !== create) return;
    const section = document.getElementById(`slot-${photo.slot}`);
    let node = document.getElementById(`way-${photo.key}`);
    if (photo.state === "received" || photo.state === "dropped") {
      const url = pictures.get(photo.key);
      if (url) URL.revokeObjectURL(url);
      pictures.delete(photo.key);
      prints.delete(photo.key);
      const stoodHere = node && node.contains(document.activeElement);
      if (node) node.remove();
      if (stoodHere && section) section.querySelector("[type=file]").focus({ preventScroll: true });
      if (photo.state === "received" && section) refresh(section);
      return;
    }
    if (!section) return;
    if (!node) {
      node = card.content.firstElementChild.cloneNode(true);
      node.id = `way-${photo.key}`;
      node.dataset.key = photo.key;
      section.querySelector("[data-on-its-way]").append(node);
      show(photo, node);
    }
    if (node.dataset.state !== photo.state) sayAloud(words(photo));
    node.dataset.state = photo.state;
    const here = document.activeElement;
    const bar = node.querySelector("progress");
    bar.value = photo.size ? 100 * photo.offset / photo.size : 0;
    bar.hidden = photo.state === "refused";
    node.querySelector("[data-words]").textContent = words(photo);
    node.querySelector("[data-pause]").hidden = !["sending", "waiting", "offline"].includes(photo.state);
    node.querySelector("[data-resume]").hidden = photo.state !== "paused";
    node.querySelector("[data-sign-in]").hidden = photo.state !== "signed-out";
    // "Pause" becomes "Go on" under the finger
    if (here.hidden && node.contains(here)) node.querySelector("button:not([hidden])").focus();
    section.dataset.tone = photo.state === "refused" ? "bad" : "info";
  };

  const show = async (photo, node) => {
    const blob = await photos.blob(photo.key);
    if (!blob) return;
    const url = URL.createObjectURL(blob);
    pictures.set(photo.key, url);
    const picture = node.querySelector("img");
    picture.addEventListener("load", () => { picture.hidden = false; });
    picture.src = url;
    if (!window.dermforwardCoach) return;
    const shown = [...document.querySelectorAll("img[data-mine]")].map((image) => window.dermforwardCoach.printOf(image));
    const hint = await window.dermforwardCoach.look(blob, [...shown, ...prints.values()]);
    prints.set(photo.key, hint.print);
    const tip = hint.reasons.length && node.querySelector(`[data-tip="${hint.reasons[0]}"]`);
    if (!tip || !node.isConnected) return;
    tip.hidden = false;
    node.querySelector("[data-best]").hidden = false;
    node.querySelector("[data-coach]").hidden = false;
    sayAloud(tip.textContent.trim());
  };

  // A slot is replaced while somebody stands in it: who uses keys stays where they were, who listens hears what is new.
  const named = (node) => node.id || `${node.tagName} ${node.textContent.trim()}`;
  const focusIn = (section) => section.contains(document.activeElement) ? named(document.activeElement) : "";
  const focusAgain = (fresh, was) => {
    if (!was || fresh.contains(document.activeElement)) return;
    const same = [...fresh.querySelectorAll("button, input, a")].find((one) => named(one) === was);
    (same || fresh.querySelector("[type=file]")).focus({ preventScroll: true });
  };
  const saidOf = (section) => [...section.querySelectorAll(".slot-body > *, .alert")].map((one) => one.textContent.trim()).join(". ");
  const told = new Map();
  const tell = (fresh) => {
    const now = saidOf(fresh);
    if (told.get(fresh.id) !== now) sayAloud(now);
    told.set(fresh.id, now);
  };

  const refresh = async (section) => {
    const answer = await fetch(section.dataset.url, { headers: { "X-Upload": "1" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const moving = [...section.querySelectorAll("[data-on-its-way] > *")], was = focusIn(section);
    section.outerHTML = await answer.text();
    const fresh = document.getElementById(section.id);
    fresh.querySelector("[data-on-its-way]").append(...moving);
    watch(fresh);
    focusAgain(fresh, was);
    tell(fresh);
    if (window.htmx) window.htmx.process(fresh);
  };

  const plainly = (form) => { form.removeAttribute("data-upload"); form.submit(); };
  const take = async (form) => {
    const input = form.elements.photo, files = [...input.files];
    if (!files.length) return;
    try {
      for (const file of files) await photos.add({ file, create, slot: form.elements.slot.value });
      input.value = "";
    } catch (error) {
      plainly(form);
    }
  };
  const watch = (root) => {
    for (const form of root.querySelectorAll("form[data-upload]")) {
      form.setAttribute("data-repeatable", "");
      form.querySelector("[data-send]").hidden = true;
      form.classList.add("is-live"); // the label becomes the button
      form.elements.photo.addEventListener("change", () => take(form));
      form.addEventListener("submit", (event) => { if (form.hasAttribute("data-upload")) { event.preventDefault(); take(form); } });
      if (form.elements.photo.files.length) take(form); // chosen before this script was there
    }
  };

  if (!photos) return;
  document.addEventListener("photo", (event) => draw(event.detail));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-key] button");
    if (!button) return;
    const key = button.closest("[data-key]").dataset.key;
    if (button.hasAttribute("data-pause")) photos.pause(key);
    if (button.hasAttribute("data-resume")) photos.resume(key);
    if (button.hasAttribute("data-drop")) photos.drop(key);
    if (button.hasAttribute("data-best")) button.closest("[data-coach]").hidden = true;
  });
  let left = "";
  document.addEventListener("htmx:beforeSwap", (event) => { left = event.target.matches(".slot") ? focusIn(event.target) : ""; });
  document.addEventListener("htmx:load", (event) => {
    const fresh = event.target;
    if (!fresh.matches || !fresh.matches(".slot")) return;
    watch(fresh);
    focusAgain(fresh, left);
    left = "";
    tell(fresh);
    for (const photo of photos.list()) if (`slot-${photo.slot}` === fresh.id) draw(photo);
  });
  photos.ready.then((kept) => {
    if (!kept) return;
    watch(box);
    for (const section of box.querySelectorAll(".slot")) told.set(section.id, saidOf(section));
    for (const photo of photos.list()) draw(photo);
  });
})();
