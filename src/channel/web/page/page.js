"use strict";

const TEXTS = {
  fi: {
    title: "neuvo – kysy Kelan etuuksista", about: "Olen botti: vastaan tarkistetuista ohjeista ja kerron lähteen. Voin erehtyä, ja voit aina pyytää ihmistä.",
    log: "Keskustelu", examples: "Kokeile esimerkiksi", label: "Kysymyksesi", send: "Kysy", you: "Sinä", bot: "neuvo, botti",
    hint: "Älä kirjoita henkilötunnusta tai muita henkilötietoja. Enter lähettää, Vaihto+Enter vaihtaa rivin.",
    save: "Tallenna keskustelu", remove: "Poista keskustelu", removed: "Keskustelu on poistettu.", sure: "Poistetaanko koko keskustelu?",
    working: "Etsin vastausta…", source: "Lähde", checked: "tarkistettu", tab: "avautuu uuteen välilehteen",
    next: "Kysytään usein seuraavaksi", languages: "Kieli", wait: "Palvelussa on nyt ruuhkaa. Yritä hetken päästä uudelleen.",
    fault: "Jokin meni vikaan. Kysymyksesi on yhä kentässä: yritä uudelleen.", empty: "Kirjoita ensin kysymys.", gone: "Edellinen keskustelu on päättynyt. Aloitin uuden.",
    questions: ["Saanko asumistukea, jos olen töissä?", "Paljonko opintoraha on?", "Miten haen toimeentulotukea?", "Milloin lapsilisä maksetaan?"],
  },
  sv: {
    title: "neuvo – fråga om FPA:s förmåner", about: "Jag är en bot: jag svarar utifrån granskad vägledning och anger källan. Jag kan ha fel, och du kan alltid be om en människa.",
    log: "Samtal", examples: "Prova till exempel", label: "Din fråga", send: "Fråga", you: "Du", bot: "neuvo, bot",
    hint: "Skriv inte personbeteckning eller andra personuppgifter. Enter skickar, Skift+Enter byter rad.",
    save: "Spara samtalet", remove: "Radera samtalet", removed: "Samtalet är raderat.", sure: "Ska hela samtalet raderas?",
    working: "Jag söker ett svar…", source: "Källa", checked: "granskad", tab: "öppnas i en ny flik",
    next: "Ofta frågar man sedan", languages: "Språk", wait: "Det är många som frågar just nu. Försök igen om en stund.",
    fault: "Något gick fel. Din fråga finns kvar i fältet: försök igen.", empty: "Skriv först en fråga.", gone: "Det förra samtalet är avslutat. Jag började ett nytt.",
    questions: ["Kan jag få bostadsbidrag om jag arbetar?", "Hur mycket är studiepenningen?", "Hur ansöker jag om utkomststöd?", "När betalas barnbidraget ut?"],
  },
  en: {
    title: "neuvo – ask about Kela benefits", about: "I am a bot: I answer from reviewed guidance and show the source. I can be wrong, and you can always ask for a person.",
    log: "Conversation", examples: "Try for example", label: "Your question", send: "Ask", you: "You", bot: "neuvo, bot",
    hint: "Do not write your identity code or other personal details. Enter sends, Shift+Enter starts a new line.",
    save: "Save the conversation", remove: "Delete the conversation", removed: "The conversation was deleted.", sure: "Delete the whole conversation?",
    working: "Looking for an answer…", source: "Source", checked: "checked", tab: "opens in a new tab",
    next: "Often asked next", languages: "Language", wait: "Many people are asking right now. Please try again in a moment.",
    fault: "Something went wrong. Your question is still in the box: please try again.", empty: "Write a question first.", gone: "The earlier conversation has ended. I started a new one.",
    questions: ["Can I get housing allowance if I work?", "How much is the study grant?", "How do I apply for social assistance?", "When is child benefit paid?"],
  },
};
const KEY = "neuvo";
const $ = (id) => document.getElementById(id);
const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

let language = TEXTS[navigator.language.slice(0, 2)] ? navigator.language.slice(0, 2) : "fi";
let session = null;
let pending = null;
let busy = false;

/* Storage may be forbidden: the conversation then lives as long as the page. */
function remember() {
  try {
    if (session) sessionStorage.setItem(KEY, JSON.stringify({ ...session, language }));
    else sessionStorage.removeItem(KEY);
  } catch { /* not kept */ }
}
function recall() {
  try { return JSON.parse(sessionStorage.getItem(KEY)); } catch { return null; }
}

/* The small Markdown of the articles: headings, paragraphs, lists, links, bold. Everything becomes text nodes, nothing markup. */
function inline(text, parent) {
  const shape = /\[([^\]]+)\]\((https:\/\/[^\s)]+)\)|\*\*([^*]+)\*\*/g;
  let at = 0;
  for (const found of text.matchAll(shape)) {
    parent.append(text.slice(at, found.index));
    parent.append(found[2] ? link(found[2], found[1]) : element("strong", {}, found[3]));
    at = found.index + found[0].length;
  }
  parent.append(text.slice(at));
}
function link(url, words) {
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, `${words} (${TEXTS[language].tab})`);
}
function render(markdown, parent) {
  let block = null;
  const flush = () => { if (block) { if (block.lines) inline(block.lines.join(" "), block.node); parent.append(block.node); block = null; } };
  for (const line of markdown.split("\n")) {
    const heading = /^#{1,4}\s+(.*)/.exec(line);
    const item = /^\s*(?:[-*]|(\d+)\.)\s+(.*)/.exec(line);
    if (heading) {
      flush();
      const node = element("h3");
      inline(heading[1], node);
      parent.append(node);
    } else if (item) {
      const name = item[1] ? "ol" : "ul";
      if (!block || block.name !== name) { flush(); block = { name, node: element(name, item[1] && item[1] !== "1" ? { start: item[1] } : {}) }; }
      const node = element("li");
      inline(item[2], node);
      block.node.append(node);
    } else if (line.trim() === "") {
      flush();
    } else if (block && !block.lines && /^\s+\S/.test(line) && block.node.lastChild) {
      block.node.lastChild.append(" ");
      inline(line.trim(), block.node.lastChild);
    } else {
      if (!block || !block.lines) { flush(); block = { name: "p", node: element("p"), lines: [] }; }
      block.lines.push(line.trim());
    }
  }
  flush();
}

function chips(topics) {
  const list = element("ul", { class: "chips" });
  for (const topic of topics) {
    const button = element("button", { type: "button" }, topic.title);
    button.addEventListener("click", () => ask(topic.title));
    list.append(element("li", {}, button));
  }
  return list;
}
function show(event) {
  const texts = TEXTS[language];
  const mine = event.kind === "message";
  const turn = element("div", { class: mine ? "turn mine" : "turn", lang: event.lang || language });
  turn.append(element("span", { class: "who" }, mine ? texts.you : event.name || texts.bot));
  if (mine) {
    turn.append(event.text);
  } else {
    render(event.markdown || event.text, turn);
    if (event.citation) {
      const [year, month, day] = event.citation.checked.split("-").map(Number);
      const source = element("p", { class: "source" }, `${texts.source}: `, link(event.citation.url, event.citation.title));
      source.append(`, ${texts.checked} ${day}.${month}.${year}`);
      turn.append(source);
    }
    if (event.choices && event.choices.length) turn.append(chips(event.choices));
    if (event.next && event.next.length) turn.append(element("h3", {}, texts.next), chips(event.next));
  }
  $("log").append(turn);
  turn.scrollIntoView({ block: mine ? "nearest" : "start" });
}
function fault(text) {
  $("log").append(element("div", { class: "turn fault" }, text));
  $("log").lastChild.scrollIntoView({ block: "nearest" });
}

async function call(method, path, body, accept = "application/json") {
  const headers = { accept };
  if (session) headers.authorization = `Bearer ${session.secret}`;
  if (body) headers["content-type"] = "application/json";
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error("refused"), { status: response.status, code: problem.code });
}
async function open() {
  const response = await call("POST", "/v1/conversations", { lang: language, context: { page: location.pathname } });
  const { id, secret, welcome } = await response.json();
  session = { id, secret };
  remember();
  return welcome;
}
async function ask(text) {
  const texts = TEXTS[language];
  const words = text.trim();
  if (busy) return;
  if (!words) { $("status").textContent = texts.empty; $("question").focus(); return; }
  busy = true;
  $("send").disabled = true;
  $("status").textContent = texts.working;
  $("examples").hidden = true;
  try {
    if (!session) show(await open());
    /* The same message keeps its id until it is answered, so that trying again never asks twice. */
    if (!pending || pending.text !== words) pending = { id: crypto.randomUUID ? crypto.randomUUID() : randomId(), text: words, lang: language };
    const response = await call("POST", `/v1/conversations/${session.id}/messages`, pending);
    const { reply, text: kept } = await response.json();
    pending = null;
    $("question").value = "";
    $("status").textContent = "";
    show({ kind: "message", text: kept });
    /* While a person has the conversation, or is waited for, the bot does not reply. */
    if (reply && TEXTS[reply.lang] && reply.lang !== language) speak(reply.lang);
    if (reply) show(reply);
  } catch (error) {
    $("status").textContent = "";
    if (error.code === "conversation-not-found" || error.code === "conversation-full") {
      session = null;
      remember();
      fault(texts.gone);
      $("question").value = words;
    } else {
      fault(error.status === 503 || error.status === 429 ? texts.wait : texts.fault);
      $("question").value = words;
    }
  } finally {
    busy = false;
    $("send").disabled = false;
    $("question").focus();
  }
}
/* `crypto.randomUUID` is missing on pages without HTTPS. */
function randomId() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte, at) =>
    (at === 6 ? (byte & 15) | 64 : at === 8 ? (byte & 63) | 128 : byte).toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

function speak(lang) {
  language = lang;
  const texts = TEXTS[lang];
  document.documentElement.lang = lang;
  document.title = texts.title;
  for (const button of $("languages").children) button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
  $("languages").setAttribute("aria-label", texts.languages);
  $("about").textContent = texts.about;
  $("log-heading").textContent = texts.log;
  $("examples-heading").textContent = texts.examples;
  $("label").textContent = texts.label;
  $("send").textContent = texts.send;
  $("hint").textContent = texts.hint;
  $("save").textContent = texts.save;
  $("delete").textContent = texts.remove;
  $("example-list").replaceChildren(...texts.questions.map((question) => {
    const button = element("button", { type: "button" }, question);
    button.addEventListener("click", () => ask(question));
    return element("li", {}, button);
  }));
  remember();
}
async function save() {
  if (!session) return;
  try {
    const response = await call("GET", `/v1/conversations/${session.id}/transcript`, null, "text/plain");
    const url = URL.createObjectURL(await response.blob());
    const anchor = element("a", { href: url, download: "neuvo.txt" });
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  } catch {
    fault(TEXTS[language].wait);
  }
}
async function remove() {
  if (!session || !confirm(TEXTS[language].sure)) return;
  try {
    await call("DELETE", `/v1/conversations/${session.id}`);
  } catch (error) {
    if (error.status !== 404) { fault(TEXTS[language].wait); return; }
  }
  session = null;
  pending = null;
  remember();
  $("log").replaceChildren();
  $("examples").hidden = false;
  $("status").textContent = TEXTS[language].removed;
}
async function restore() {
  const known = recall();
  if (!known || !known.id) return;
  session = { id: known.id, secret: known.secret };
  if (TEXTS[known.language]) speak(known.language);
  try {
    const response = await call("GET", `/v1/conversations/${session.id}/transcript`);
    const { events } = await response.json();
    for (const event of events) show(event);
    $("examples").hidden = events.length > 1;
  } catch (error) {
    if (error.status === 404) { session = null; remember(); }
  }
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); ask($("question").value); });
$("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); ask($("question").value); }
});
$("languages").addEventListener("click", (event) => { if (event.target.dataset.lang) speak(event.target.dataset.lang); });
$("save").addEventListener("click", save);
$("delete").addEventListener("click", remove);
speak(language);
restore();
