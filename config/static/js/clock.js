/* Tells the server, beat by beat, that somebody is at work here. Only the server counts; this page shows what it said.
   A beat goes out every 15 s, at each change of state, when input comes back after an idle stop, and at the end. */
"use strict";
(() => {
  const clock = document.getElementById("clock");
  if (!clock) return;
  const second = (name) => Number(clock.dataset[name]) * 1000;
  const BEAT = second("beat"), ASK = second("ask"), IDLE = second("idle"), GAP = second("gap"), LATE = second("late");
  const face = clock.querySelector(".clock-time"), words = clock.querySelector("[data-clock-words]");
  const pauseButton = clock.querySelector("[data-clock-pause]");
  const status = document.querySelector("[data-clock-status]"), question = document.getElementById("still");
  const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
  const mono = () => Math.round(performance.now());
  const newTab = () => crypto.randomUUID ? crypto.randomUUID() : `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`;

  const tab = newTab();

  let seq = 0, lastInput = mono(), paused = false, ended = false, idle = false, lost = false, offline = false;
  let sentState = "", queue = [], sending = null, lastBeat = 0;
  let heard = "";  // the state in which the server last said that it has this tab
  // The server's clock at our zero, never too late a guess: the page was written before this line runs.
  let zero = Number(clock.dataset.nowMs) - mono();
  let again = 0, proof = 0;  // when to go on counting by ourselves, and until when a look must first prove itself
  let runBegan = mono();  // silence is measured from the last input, or from when the page came to the front
  let due = 0, answered = -1;  // the last beat that wants the account, and the last that got it
  let counted = Number(clock.dataset.countedMs), countedAt = mono();

  const stateNow = () => ended ? "ended" : paused ? "paused"
    : document.visibilityState === "visible" && document.hasFocus() ? "counting" : "hidden";

  const LOOK = {
    counting: ["good", "Counting"], idle: ["wait", "Idle, not counting"], paused: ["neutral", "Paused"],
    hidden: ["neutral", "Not in front, not counting"], offline: ["bad", "Offline, not counting"],
    lost: ["bad", "Not held, not counting"], ended: ["neutral", "Stopped"],
  };
  const shown = () => {
    if (ended) return "ended";
    if (lost) return "lost";
    if (offline) return "offline";
    return stateNow() === "counting" && idle ? "idle" : stateNow();
  };
  const draw = () => {
    const key = shown(), [tone, text] = LOOK[key];
    if (clock.dataset.state !== key) {
      clock.dataset.state = key; clock.dataset.tone = tone; words.textContent = text;
      const own = clock.querySelector(`[data-clock-icon="${key}"]`) || clock.querySelector('[data-clock-icon="other"]');
      for (const icon of clock.querySelectorAll("[data-clock-icon]")) icon.hidden = icon !== own;
      // spoken once at each change, not each second
      status.textContent = `Clock: ${text.toLowerCase()}`;
    }
    // what the server said, and what this run adds to it until the next answer
    const extra = key === "counting" ? Math.min(mono() - countedAt, BEAT + 5000) : 0;
    const seconds = Math.floor((counted + Math.max(0, extra)) / 1000);
    face.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    pauseButton.querySelector("span").textContent = paused ? "Go on" : "Pause";
    pauseButton.setAttribute("aria-pressed", String(paused));
  };

  // What was on screen since the last beat: told beside the tape, so that each interval can be opened. It decides nothing.
  const seen = { photos: new Set(), parts: new Set() };
  const look = () => {
    for (const pane of document.querySelectorAll("[data-shown-photo]")) {
      if (pane.dataset.shownPhoto) seen.photos.add(pane.dataset.shownPhoto);
    }
  };
  const PARTS = [[".view", "photos"], [".pane-doc", "form"], [".pane", "story"]];
  const touchedPart = (target) => {
    const found = target && target.closest && PARTS.find(([part]) => target.closest(part));
    if (found) seen.parts.add(found[1]);
  };
  const takeShown = () => {
    look();
    const shown = { photos: [...seen.photos].slice(0, 8), parts: [...seen.parts] };
    seen.photos.clear(); seen.parts.clear();
    return shown;
  };

  const make = (as) => {
    const state = stateNow();
    if (state === "counting" && sentState !== "counting") { runBegan = mono(); idle = false; }
    // a beat that changes nothing is not answered with the account, but for one a minute
    if (state !== sentState || idle || seq % 4 === 0) due = seq;
    queue.push({ tab, seq, mono_ms: mono(), last_input_ms: lastInput, state: as || state, shown: takeShown() });
    seq += 1; sentState = state; lastBeat = mono();
    again = 0; proof = 0;
  };
  /* After an outage. The clock's rules place an input by the moment at which the first beat that tells it arrives, and begin
     a run when its first beat arrives; told late, both would hide how long a look was. So what waited is told as of now:
     each input with its true age. Whatever was left or taken up again meanwhile breaks the run: the moment at which it ended
     is told in the same field, and the time between is not counted. */
  const retold = () => {
    const now = mono(), end = queue.findIndex((one) => one.state !== "counting");
    if (heard === "counting" && end < 0) return { told: queue.map((one) => ({ ...one, mono_ms: now })), unproved: false };
    // What was done meanwhile, as it was, in a tab of its own that arrives all at once: it counts nothing, and is known as lost.
    const nothing = { photos: [], parts: [] }, aside = { tab: newTab(), shown: nothing };
    const told = queue.map((one, n) => ({ ...one, ...aside, seq: n }));
    told.push({ ...aside, seq: queue.length, mono_ms: now, last_input_ms: lastInput, state: "ended" });
    const before = told.length, state = stateNow();
    seq += 1;  // nothing before this counts up to it, whatever of what was sent did arrive
    const tell = (at, as, shown) => {
      told.push({ tab, seq, mono_ms: now, last_input_ms: at, state: as, shown });
      seq += 1;
    };
    const ended = queue[end];
    if (heard === "counting") {
      for (const one of queue.slice(0, end + 1)) tell(one.last_input_ms, "counting", one.shown);
      tell(ended.mono_ms, ended.state, nothing);
    }
    if (state === "counting") {
      // how long this look is the tape cannot say, as its run would begin only now: it first has to prove itself
      if (told.length === before) tell(lastInput, heard || "hidden", nothing);
    } else if (told.length === before || told[told.length - 1].state !== state) tell(lastInput, state, nothing);
    return { told, unproved: state === "counting" };
  };
  const waited = () => offline || mono() - queue[0].mono_ms > LATE;
  const body = (beats) => {
    const form = new URLSearchParams();
    form.append("csrfmiddlewaretoken", token);
    form.append("beats", JSON.stringify(beats));
    form.append("sent_ms", String(Math.round(zero + mono())));
    if (due <= answered) form.append("brief", "1");
    return form;
  };
  // One request at a time: the server's order is the order of the tape.
  const flush = () => {
    // with nothing to send it would be over before `sending` is set, and nothing would ever be sent again
    if (sending || !queue.length) return sending || Promise.resolve();
    sending = (async () => {
      let refused = 0;
      while (queue.length) {
        const late = waited() ? retold() : null;
        const batch = late ? late.told : queue.slice(0, 200);
        const taken = late ? queue.length : batch.length, since = mono();
        try {
          const answer = await fetch(clock.dataset.url, {
            method: "POST", body: body(batch), credentials: "same-origin", keepalive: true,
            headers: { "X-Background": "1", Accept: "application/json" },
          });
          if (answer.status === 401 || answer.redirected) { lost = true; queue = []; break; }
          if (answer.status >= 500) throw new Error("server");
          const told = answer.ok ? await answer.json() : {};
          if (told.now_ms) zero = Math.max(zero, told.now_ms - mono());
          if (told.late) {
            // it was held up on its way and is not kept: told again, as of now
            if (++refused > 2) throw new Error("late");
            continue;
          }
          queue = queue.slice(taken);
          offline = false; refused = 0;
          if (late && late.unproved && stateNow() === "counting") {
            // only a touch since then, or the page left, is news: a beat of the same look is not
            queue = queue.filter((one) => one.state !== "counting" || one.last_input_ms > since);
            idle = true; again = lookBegan() + IDLE - GAP;
          }
          if (!answer.ok) continue;
          heard = batch[batch.length - 1].state;
          if (told.counted_ms === undefined) counted += Math.max(0, Math.min(mono() - countedAt, BEAT + 5000));
          else { counted = told.counted_ms; answered = batch[batch.length - 1].seq; }
          countedAt = mono();
          if (!told.held && !ended) {
            lost = true;
            document.dispatchEvent(new CustomEvent("dermforward:hold-lost"));
          }
        } catch (error) {
          // the line is down: beats wait here, the time until it is back is not counted
          offline = true;
          // what matters is how the look before it ended, and how the look after it began
          if (queue.length > 100) queue = [...queue.slice(0, 50), ...queue.slice(-50)];
          break;
        }
      }
      sending = null;
      draw();
    })();
    return sending;
  };
  const beat = () => { if (!lost) { make(); flush(); } draw(); };
  const changed = () => { if (!ended && stateNow() !== sentState) beat(); else draw(); };

  const lookBegan = () => Math.max(lastInput, runBegan);
  const quietFor = () => mono() - lookBegan();
  const onInput = (event) => {
    if (ended) return;
    const longLook = quietFor() >= ASK;
    lastInput = mono();
    touchedPart(event && event.target);
    if (!question.hidden) question.hidden = true;
    // the end of a long look is told at once: a later input before the next beat would hide it
    if (idle || longLook || proof) { idle = false; if (stateNow() === "counting") beat(); }
  };
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "input"]) {
    document.addEventListener(kind, onInput, { passive: true, capture: true });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !ended && stateNow() !== sentState && !lost) {
      make();
      // what waits behind a request goes out beside it as well: told twice, it is kept once
      if (sending) beacon(); else flush();
      draw();
    } else changed();
  });
  addEventListener("focus", changed);
  addEventListener("blur", changed);
  addEventListener("online", () => flush());
  pauseButton.hidden = false;
  pauseButton.addEventListener("click", () => { lastInput = mono(); paused = !paused; idle = false; changed(); });
  document.querySelector("[data-still]").addEventListener("click", onInput);

  const beacon = () => {
    // a page that goes away cannot wait for an answer; what waited for the line is told as of now here too, for it may
    // overtake the request under way
    if (!queue.length || !navigator.sendBeacon) return;
    navigator.sendBeacon(clock.dataset.url, body(waited() ? retold().told : queue));
  };
  addEventListener("pagehide", () => {
    if (ended || lost) return;
    ended = true;
    make();
    beacon();
  });
  // Coming back with the browser's back button starts a tab of its own.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // The end of the run before another page of the review opens: its account needs this beat.
  window.dermforwardClock = {
    async end(isInput) {
      if (ended) return;
      if (isInput) lastInput = mono();
      ended = true;
      if (!lost) { make(); }
      draw();
      await Promise.race([(async () => { await flush(); await flush(); })(), new Promise((go) => setTimeout(go, 4000))]);
    },
  };

  setInterval(() => {
    if (ended) return;
    const quiet = quietFor();
    if (!document.hidden) look();
    if (stateNow() === "counting" && !lost) {
      if (idle && again && !offline && mono() >= again) {
        again = 0;
        if (quiet < IDLE) { idle = false; beat(); proof = lookBegan() + IDLE; }
      }
      if (!idle && quiet >= IDLE) {
        const unproved = proof;
        if (unproved) seq += 1;
        idle = true; question.hidden = true;
        if (unproved) { make("hidden"); flush(); } else beat();  // it did not prove itself: nothing of it counts
      }
      else if (!idle && quiet >= ASK && question.hidden) { question.hidden = false; status.textContent = "Still reviewing? The clock stops in 15 seconds."; }
      if (!idle && !proof && mono() - lastBeat >= BEAT) beat();
    } else if (!question.hidden) question.hidden = true;
    if (stateNow() !== sentState) changed();
    if (offline && mono() % 5000 < 1000) flush();
    draw();
  }, 1000);
  changed();
})();
