// Keeps pages fresh and saves clicks. Everything works without it.
"use strict";

const status = (text) => { const place = document.getElementById("status"); if (place) place.textContent = text; };
const parse = (text) => new DOMParser().parseFromString(text, "text/html").body;

// Alerts: asked for by a button, since browsers allow sound and notifications only then.
let sound = null;
const alerts = document.getElementById("alerts");
if (alerts) {
  alerts.hidden = false;
  alerts.addEventListener("click", () => {
    const on = alerts.getAttribute("aria-pressed") !== "true";
    alerts.setAttribute("aria-pressed", String(on));
    if (on && !sound && "AudioContext" in window) sound = new AudioContext();
    if (on && "Notification" in window && Notification.permission === "default") Notification.requestPermission();
  });
}
function alertTo(text) {
  status(text);
  if (!alerts || alerts.getAttribute("aria-pressed") !== "true") return;
  if (sound) {
    const tone = sound.createOscillator(), volume = sound.createGain();
    tone.frequency.value = 660;
    volume.gain.setValueAtTime(0.08, sound.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.0001, sound.currentTime + 0.35);
    tone.connect(volume).connect(sound.destination);
    tone.start();
    tone.stop(sound.currentTime + 0.35);
  }
  // Never a citizen's words: notifications are shown on locked screens too.
  if ("Notification" in window && Notification.permission === "granted" && document.hidden) new Notification(text);
}

// Streams that come back: a browser gives up for good on any answer but a stream, such as that of a server which is starting.
function listen(url, events) {
  let wait = 0;
  let last = "";
  const open = () => {
    const stream = new EventSource(last ? url.replace(/after=\d+/, `after=${last}`) : url);
    stream.addEventListener("open", () => { wait = 0; });
    stream.addEventListener("error", () => {
      if (stream.readyState !== EventSource.CLOSED) return;
      wait = Math.min(15000, 2 * wait + 500);
      setTimeout(open, wait * (0.5 + Math.random() / 2));
    });
    for (const [name, act] of Object.entries(events)) {
      stream.addEventListener(name, (event) => { last = event.lastEventId || last; act(event, stream); });
    }
  };
  open();
}

// Parts that the server draws anew. The focus stays where it was.
for (const part of document.querySelectorAll("[data-live]")) {
  const waiting = () => Number(part.querySelector("[data-count]")?.dataset.count ?? 0);
  listen(part.dataset.live, { part: (event) => {
    const before = waiting();
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const key = focused && (focused.getAttribute("href") ?? focused.closest("form")?.getAttribute("action"));
    part.replaceChildren(...parse(event.data).childNodes);
    if (key) {
      const again = [...part.querySelectorAll("a, form")].find((one) => (one.getAttribute("href") ?? one.getAttribute("action")) === key);
      (again?.querySelector("button") ?? again)?.focus();
    }
    if (before < waiting()) alertTo(part.querySelector("[data-count]").textContent);
  } });
}

// A conversation: new lines are added, and the reader is pulled down only from the end.
const log = document.getElementById("log");
if (log) {
  const toEnd = () => { log.scrollTop = log.scrollHeight; };
  toEnd();
  const notes = document.getElementById("notes");
  const typing = document.getElementById("typing");
  let quiet = 0;
  listen(log.dataset.stream, {
    lines: (event) => {
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
      for (const line of [...parse(event.data).children]) {
        if (log.querySelector(`[data-seq="${Number(line.dataset.seq)}"]`)) continue;
        log.append(line);
        if (line.classList.contains("citizen")) alertTo(line.querySelector(".who").textContent);
        if (typing) typing.textContent = "";
      }
      if (atEnd) toEnd();
    },
    notes: (event) => notes?.replaceChildren(...parse(event.data).childNodes),
    typing: () => {
      if (!typing) return;
      clearTimeout(quiet);
      typing.textContent = typing.dataset.words;
      quiet = setTimeout(() => { typing.textContent = ""; }, 6000);
    },
    over: (_, stream) => { stream.close(); location.assign("/console"); },
  });
}

const text = document.getElementById("text");
if (text) {
  const form = text.closest("form");
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
  });
  // That one writes is told at most every three seconds, and what is written never.
  let told = 0;
  text.addEventListener("input", () => {
    if (!text.value || Date.now() - told < 3000) return;
    told = Date.now();
    const body = new URLSearchParams({ token: form.elements.token.value });
    fetch(form.action.replace(/say$/, "typing"), { method: "POST", body, redirect: "manual" }).catch(() => {});
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const send = document.getElementById("send");
    send.disabled = true;
    try {
      const body = new URLSearchParams(new FormData(form));
      const response = await fetch(form.action, { method: "POST", body, headers: { "x-console": "1" }, redirect: "manual" });
      if (response.status !== 204) throw new Error(response.status === 409 ? (await response.json()).title : `${response.status}`);
      // Only now: what failed keeps its name, so that sending it again writes it once.
      form.elements.id.value = crypto.randomUUID();
      text.value = "";
      status("");
    } catch (error) {
      status(`⚠ ${error.message}`);
    }
    send.disabled = false;
    text.focus();
  });
}

// Searches show their result in place, and buttons put texts into the message.
for (const form of document.querySelectorAll("form[data-into]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await fetch(`${form.action}?${new URLSearchParams(new FormData(form))}`);
    const into = document.querySelector(form.dataset.into);
    if (response.ok) into.replaceChildren(...parse(await response.text()).childNodes);
  });
}
document.addEventListener("click", (event) => {
  const insert = event.target.closest("[data-insert]");
  if (!insert || !text) return;
  text.value = text.value ? `${text.value}\n\n${insert.dataset.insert}` : insert.dataset.insert;
  text.focus();
});
