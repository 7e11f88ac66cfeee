/* Photos on their way. Each is kept on this device (IndexedDB) until the server's receipt names its SHA-256; pieces go
   up by tus 1.0 and go on after a cut line, a reload, a closed browser or a new sign-in. Pages listen to "photo" events. */
"use strict";
(() => {
  const root = document.querySelector("[data-uploads]");
  if (!root || !window.indexedDB) return;
  const user = root.dataset.user, token = root.dataset.token;
  const FIRST = 256 * 1024, MOST = 4 * 1024 * 1024, PATIENCE = [1, 2, 4, 8, 15, 30];
  const PIECE = "application/offset+octet-stream";

  const store = (() => {
    let opened = null;
    const open = () => opened || (opened = new Promise((done, fail) => {
      const asked = indexedDB.open("dermforward", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("photos", { keyPath: "key" });
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => fail(asked.error);
    }));
    const run = async (mode, work) => {
      const base = await open();
      return new Promise((done, fail) => {
        const deal = base.transaction("photos", mode), asked = work(deal.objectStore("photos"));
        deal.oncomplete = () => done(asked.result);
        deal.onerror = deal.onabort = () => fail(deal.error);
      });
    };
    return {
      put: (photo) => run("readwrite", (photos) => photos.put(photo)),
      drop: (key) => run("readwrite", (photos) => photos.delete(key)),
      all: () => run("readonly", (photos) => photos.getAll()),
    };
  })();

  const known = new Map(); // key -> what the page shows of it; the bytes stay in the store
  const tell = (photo) => document.dispatchEvent(new CustomEvent("photo", { detail: photo }));
  const set = (photo, facts) => { Object.assign(photo, facts); tell(photo); bar(); };
  const bar = () => {
    const list = [...known.values()];
    const waits = list.filter((photo) => photo.state !== "refused");
    const out = list.some((photo) => photo.state === "signed-out");
    root.hidden = !waits.length;
    if (!waits.length) return;
    const many = waits.length === 1 ? root.dataset.one : root.dataset.many.replace("{n}", waits.length);
    root.querySelector("[data-uploads-text]").textContent = out ? root.dataset.signedOut : many;
  };

  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const digest = async (bytes) => crypto.subtle ? hex(await crypto.subtle.digest("SHA-256", bytes)) : "";
  const newKey = () => crypto.randomUUID ? crypto.randomUUID()
    : `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 14)}`;
  const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const wait = (seconds) => new Promise((go) => {
    const timer = setTimeout(go, seconds * 1000);
    const now = () => { clearTimeout(timer); go(); };
    addEventListener("online", now, { once: true });
    document.addEventListener("photos-now", now, { once: true });
  });

  class SignedOut extends Error {}
  class Refused extends Error {}
  const ask = async (method, url, headers, body) => {
    const answer = await fetch(url, {
      method, body, credentials: "same-origin", redirect: "manual",
      headers: { "Tus-Resumable": "1.0.0", "X-CSRFToken": token, Accept: "application/json", ...headers },
    });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) throw new SignedOut();
    return answer;
  };
  const words = async (answer) => { try { return (await answer.json()).message || ""; } catch (error) { return ""; } };

  // One photo until its receipt. Whatever goes wrong on the line is thrown and tried again later.
  const send = async (photo, blob) => {
    if (photo.url) {
      const answer = await ask("GET", photo.url, {});
      // a server that was set back to an earlier hour does not know it any more: it is announced again
      if (answer.status === 404) set(photo, { url: "", offset: 0 });
      else if (!answer.ok) throw new Error("server");
      else {
        const state = await answer.json();
        if (state.receipt) return state.receipt;
        if (state.state === "refused" || state.state === "cancelled") throw new Refused(state.message);
        photo.offset = state.offset;
      }
    }
    if (!photo.url) {
      const facts = { key: photo.key, slot: photo.slot, name: photo.name, sha256: photo.sha256 };
      const pairs = Object.entries(facts).filter(([, value]) => value).map(([name, value]) => `${name} ${base64(value)}`);
      const answer = await ask("POST", photo.create, { "Upload-Length": String(blob.size), "Upload-Metadata": pairs.join(",") });
      if (answer.status >= 500) throw new Error("server");
      if (!answer.ok) throw new Refused(await words(answer));
      const state = await answer.json();
      if (state.state === "refused" || state.state === "cancelled") throw new Refused(state.message);
      set(photo, { url: state.url, offset: state.offset });
      await store.put({ ...photo, blob });
      if (state.receipt) return state.receipt;
    }
    let size = FIRST;
    for (;;) {
      if (photo.paused) return null;
      const began = performance.now();
      const answer = await ask("PATCH", photo.url, { "Content-Type": PIECE, "Upload-Offset": String(photo.offset) },
        blob.slice(photo.offset, photo.offset + size));
      if (answer.status === 409 || answer.status === 460) {
        set(photo, { offset: (await answer.json()).offset });
        if (answer.status === 460) photo.again = (photo.again || 0) + 1;
        if (photo.again > 3) throw new Refused(root.dataset.changed);
        continue;
      }
      if (answer.status === 423 || answer.status === 400 || answer.status >= 500) throw new Error("line");
      if (!answer.ok) throw new Refused(await words(answer));
      if (answer.status === 200) {
        const { receipt } = await answer.json();
        if (receipt) return receipt;
      }
      set(photo, { offset: Number(answer.headers.get("Upload-Offset")), state: "sending" });
      const took = performance.now() - began;
      size = took < 800 ? Math.min(MOST, size * 2) : took > 4000 ? Math.max(FIRST / 4, size / 2) : size;
    }
  };

  const work = async (photo) => {
    let tries = 0;
    for (;;) {
      if (photo.paused || !known.has(photo.key)) return;
      const stored = (await store.all()).find((one) => one.key === photo.key);
      if (!stored) { known.delete(photo.key); set(photo, { state: "received" }); return; } // another window sent it
      try {
        set(photo, { state: navigator.onLine === false ? "offline" : "sending" });
        const receipt = await send(photo, stored.blob);
        if (receipt === null) return;
        // the copy on this device goes only for a receipt that names exactly these bytes
        if (photo.sha256 && receipt.sha256 !== photo.sha256) throw new Error("receipt of other bytes");
        await store.drop(photo.key);
        known.delete(photo.key);
        set(photo, { state: "received", receipt });
        return;
      } catch (error) {
        if (error instanceof Refused) { set(photo, { state: "refused", message: error.message }); await store.put({ ...photo, blob: stored.blob }); return; }
        if (error instanceof SignedOut) { set(photo, { state: "signed-out" }); return; }
        set(photo, { state: "offline" });
        await wait(PATIENCE[Math.min(tries, PATIENCE.length - 1)]);
        tries += 1;
      }
    }
  };

  let running = null;
  // One after the other, and in one window only: the others show what this one tells them after a reload.
  const go = () => {
    if (running) return running;
    const all = async () => {
      for (;;) {
        const next = [...known.values()].find((photo) => !photo.paused && !["refused", "signed-out"].includes(photo.state));
        if (!next) return;
        await work(next);
      }
    };
    const alone = navigator.locks ? navigator.locks.request("dermforward-photos", all) : all();
    running = alone.finally(() => { running = null; });
    return running;
  };

  const light = ({ blob, ...photo }) => photo;
  const start = (async () => {
    try {
      for (const stored of await store.all()) {
        if (stored.user !== user) continue;
        const photo = { ...light(stored), state: stored.state === "refused" ? "refused" : stored.paused ? "paused" : "waiting" };
        known.set(photo.key, photo);
        tell(photo);
      }
      bar();
      go();
      return true;
    } catch (error) {
      return false; // no store (a private window, a full disk): pages fall back to plain sending
    }
  })();

  window.dermforwardPhotos = {
    ready: start,
    list: () => [...known.values()],
    /** Keep the file here, then send it. Resolves once it is kept; rejects where nothing can be kept. */
    async add({ file, create, slot }) {
      if (!await start) throw new Error("no store");
      const bytes = await file.arrayBuffer();
      const sha256 = await digest(bytes);
      const twin = [...known.values()].find((one) => sha256 && one.sha256 === sha256 && one.create === create);
      if (twin && twin.state !== "refused") return twin;
      if (twin) this.drop(twin.key);
      const photo = { key: newKey(), user, create, slot, name: file.name, sha256, size: file.size, offset: 0, state: "waiting", at: Date.now() };
      const blob = new Blob([bytes], { type: file.type });
      await store.put({ ...photo, blob });
      if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
      known.set(photo.key, photo);
      set(photo, {});
      go();
      return photo;
    },
    async blob(key) { const found = (await store.all()).find((one) => one.key === key); return found && found.blob; },
    pause(key) { const photo = known.get(key); if (photo) { photo.paused = true; set(photo, { state: "paused" }); } },
    resume(key) {
      const photo = known.get(key);
      if (!photo) return;
      photo.paused = false;
      set(photo, { state: "waiting" });
      document.dispatchEvent(new Event("photos-now"));
      go();
    },
    async drop(key) {
      const photo = known.get(key);
      known.delete(key);
      await store.drop(key);
      if (photo) {
        set(photo, { state: "dropped" });
        if (photo.url && !photo.receipt) ask("DELETE", photo.url, {}).catch(() => {});
      }
      bar();
    },
  };
})();
