import { h, icon } from "./dom.js";
import { link, phones, render, tel } from "./markdown.js";

/** An answer longer than this shows its lead first. */
const SHORT_CHARS_MAX = 700;

/**
 * Who speaks, as a heading: seen small, and a landmark for those who jump between headings.
 * @param {import("./wording.js").Wording} t @param {string} who @param {string} [at]
 */
function byline(t, who, at) {
  return h("h3", { class: "who" }, who, at && h("time", { datetime: at }, ` ${t.time(at)}`));
}

/**
 * One event as it is shown; `null` for what is not shown, kinds that are not known among it.
 * @param {ChatEvent} event @param {View} view @returns {HTMLElement | null}
 */
export function turn(event, view) {
  if (event.kind === "message") return mine(event, view);
  if (event.kind === "reply") return reply(event, view);
  if (event.kind === "expert") return expert(event, view);
  if (event.kind === "handoff") return handoff(event, view);
  if (event.kind === "card") return card(event, view);
  return null;
}

/**
 * What turns need of the window that shows them.
 * @typedef {{ t: import("./wording.js").Wording, talk: import("./talk.js").Talk, ask: (text: string) => void, notify: (text: string) => void, call?: (() => void) | null }} View
 */

/** The first words, said by the widget itself. @param {import("./wording.js").Wording} t @param {string[]} starters @param {boolean} ofPage @param {(text: string) => void} ask */
export function greeting(t, starters, ofPage, ask) {
  return h("div", { class: "turn bot", lang: t.lang },
    byline(t, t.say("bot")), h("div", { class: "words" }, render(t.say("greeting"), t.say("new-tab"))),
    h("div", { class: "acts" }, h("h4", {}, t.say(ofPage ? "starters-page" : "starters")), chips(starters, ask)));
}

/** A message that the server has not confirmed. @param {Unsent} message @param {View} view */
export function unsent(message, { t, talk }) {
  const state = { sending: t.say("sending"), waiting: t.say("unsent"), refused: t.say("refused") }[message.state];
  return h("div", { class: `turn mine ${message.state}`, lang: message.lang, "data-id": message.id },
    byline(t, t.say("you")), h("div", { class: "words" }, h("p", {}, message.text)),
    h("p", { class: "delivery", lang: t.lang }, state,
      message.state !== "sending" && h("button", { type: "button", class: "plain", onclick: () => talk.discard(message.id) }, t.say("discard"))));
}

/** A line that the widget itself says. @param {string} text @param {Lang} lang */
export function note(text, lang) {
  return h("p", { class: "note", lang }, text);
}

/** @param {ChatEvent} event @param {View} view */
function mine(event, { t }) {
  return h("div", { class: "turn mine", lang: t.lang },
    byline(t, t.say("you"), event.at), h("div", { class: "words" }, h("p", {}, event.text)));
}

/** @param {ChatEvent} event @param {View} view */
function reply(event, view) {
  const { t, ask } = view;
  const lang = event.lang || t.lang;
  const choices = (event.choices || []).map((choice) => choice.title);
  const next = (event.next || []).map((topic) => topic.title);
  const urgent = event.outcome === "handoff" && /\b112\b/.test(event.text || "");
  // Buttons say the choices, so the list of them is left out.
  const markdown = (event.markdown || "").split("\n").filter((line) => !choices.some((choice) => line.endsWith(`. ${choice}`))).join("\n");
  return h("div", { class: `turn bot${urgent ? " urgent" : ""}`, lang },
    byline(t, t.say("bot"), event.at),
    urgent && callNow(event.text || "", t),
    words(markdown, t),
    event.citation && source(event.citation, t),
    choices.length !== 0 && chips(choices, ask),
    next.length !== 0 && h("div", { class: "acts", "aria-live": "off" }, h("h4", { lang: t.lang }, t.say("next")), chips(next, ask)),
    event.outcome === "answer" && helped(event.seq, view));
}

/** The answer; a long one as its lead with the rest to be opened. @param {string} markdown @param {import("./wording.js").Wording} t */
function words(markdown, t) {
  const newTab = t.say("new-tab");
  const cut = markdown.indexOf("\n## ");
  if (markdown.length <= SHORT_CHARS_MAX || cut <= 0) return h("div", { class: "words" }, render(markdown, newTab));
  const rest = h("div", { hidden: true }, render(markdown.slice(cut), newTab));
  const heading = /^\s*## (.*)/.exec(markdown.slice(cut))?.[1] || "";
  const button = h("button", { type: "button", class: "chip", "aria-expanded": "false", onclick: () => {
    rest.hidden = !rest.hidden;
    button.setAttribute("aria-expanded", String(!rest.hidden));
    button.textContent = rest.hidden ? `${t.say("more")}: ${heading}` : t.say("less");
  } }, `${t.say("more")}: ${heading}`);
  return h("div", { class: "words" }, render(markdown.slice(0, cut), newTab), button, rest);
}

/** @param {Citation} citation @param {import("./wording.js").Wording} t */
function source(citation, t) {
  return h("p", { class: "source" }, `${t.say("source")}: `, link(citation.url, citation.title, t.say("new-tab")),
    `, ${t.say("checked", { date: t.date(citation.checked) })}`);
}

/** Numbers to tap, first of all 112. @param {string} text @param {import("./wording.js").Wording} t */
function callNow(text, t) {
  return h("div", { class: "calls" }, h("h4", { lang: t.lang }, t.say("crisis")),
    ...phones(text).map((number) => h("a", { href: tel(number), class: "call" }, icon("phone"), t.say("call", { number }))));
}

/** @param {string[]} titles @param {(text: string) => void} ask */
function chips(titles, ask) {
  return h("ul", { class: "chips" }, ...titles.map((title) =>
    h("li", {}, h("button", { type: "button", class: "chip", onclick: () => ask(title) }, title))));
}

/** Whether the answer helped: two buttons, then an optional word, and a way back. @param {number} seq @param {View} view */
function helped(seq, view) {
  const { t, talk, notify } = view;
  const box = h("div", { class: "helped", role: "group", "aria-label": t.say("helped"), lang: t.lang, "aria-live": "off" });
  /** @param {"up" | "down" | null} rating @param {string} said @param {string} [why] */
  const set = async (rating, said, why = "") => {
    try {
      await talk.rate(seq, rating && { rating, words: why });
      draw(!why && rating !== null);
      notify(said);
      /** @type {HTMLElement | null} */ (box.querySelector("textarea, button"))?.focus();
    } catch {
      notify(t.say("rate-failed"));
    }
  };
  /** @param {boolean} asks */
  const draw = (asks) => {
    const rated = talk.rated[seq];
    box.replaceChildren(...(rated ? thanks(rated, asks) : question()));
  };
  const question = () => [
    h("span", {}, t.say("helped")),
    h("button", { type: "button", class: "thumb", onclick: () => set("up", t.say("rated")) }, icon("up"), t.say("yes")),
    h("button", { type: "button", class: "thumb", onclick: () => set("down", t.say("rated")) }, icon("away"), t.say("no")),
  ];
  /** @param {Rated} rated @param {boolean} asks */
  const thanks = (rated, asks) => {
    const area = h("textarea", { rows: 2, maxlength: 500, "aria-label": t.say("word"), id: `word-${seq}` });
    const form = h("form", { class: "word", onsubmit: (/** @type {Event} */ submitted) => {
      submitted.preventDefault();
      if (area.value.trim()) set(rated.rating, t.say("feedback-thanks"), area.value.trim());
    } }, h("label", { for: `word-${seq}` }, t.say("word")), area, h("button", { type: "submit", class: "chip" }, t.say("word-send")));
    return [
      asks && form,
      h("span", {}, icon(rated.rating === "up" ? "up" : "away"), t.say("rated")),
      h("button", { type: "button", class: "plain", onclick: () => set(null, t.say("undone")) }, t.say("undo")),
    ].filter((part) => part instanceof Node);
  };
  draw(false);
  return box;
}

/** @param {ChatEvent} event @param {View} view */
function expert(event, { t }) {
  const who = event.name ? t.say("expert", { name: event.name }) : t.say("expert-unnamed");
  return h("div", { class: "turn expert", lang: event.lang || t.lang },
    byline(t, who, event.at), h("div", { class: "words" }, render(event.text || "", t.say("new-tab"))));
}

/** The place in the queue and the wait. @param {ChatEvent} event @param {import("./wording.js").Wording} t */
export function waits({ position, estimate_minutes: minutes }, t) {
  return [position != null && t.say("handoff-position", { n: position }), minutes != null && t.plural("handoff-estimate", minutes)].filter(Boolean).join(" ");
}

/** A partner's contact card: first the question, and once it may be shown the card. @param {ChatEvent} event @param {View} view */
function card(event, { t, talk, notify }) {
  const lang = event.lang || t.lang;
  if (event.state !== "offered") return h("div", { class: "turn bot", lang }, byline(t, event.title || t.say("bot"), event.at), words(event.markdown || "", t));
  const acts = h("div", { class: "acts", role: "group", "aria-label": event.title });
  /** @param {boolean} wanted */
  const answer = async (wanted) => {
    try {
      await talk.api.call("POST", talk.api.of("/card"), { partner: event.partner, wanted });
      acts.hidden = true;
    } catch {
      notify(t.say("form-failed"));
    }
  };
  acts.append(
    h("button", { type: "button", class: "chip", onclick: () => answer(true) }, t.say("yes")),
    h("button", { type: "button", class: "chip", onclick: () => answer(false) }, t.say("no")));
  acts.hidden = talk.events.some((later) => later.kind === "card" && event.seq < later.seq);
  return h("div", { class: "turn bot", lang }, byline(t, t.say("bot"), event.at), words(event.markdown || "", t), acts);
}

/** @param {ChatEvent} event @param {View} view */
function handoff(event, { t, call }) {
  const name = event.expert || t.say("expert-unnamed");
  /** @type {Record<string, string>} */
  const said = {
    requested: t.say("handoff-requested"),
    queued: t.say("handoff-queued"),
    claimed: t.say("handoff-claimed", { name }),
    transferred: t.say("handoff-transferred"),
    returned: t.say("handoff-returned"),
    // The server knows when people are there again.
    failed: event.text || t.say("handoff-failed"),
    closed: t.say("handoff-closed"),
  };
  const text = said[event.state || ""] || event.text;
  if (!text) return null;
  const line = note([text, event.state === "queued" && waits(event, t)].filter(Boolean).join(" "), t.lang);
  if (event.state !== "failed" || !call) return line;
  return h("div", { class: "turn", lang: t.lang }, line, h("div", { class: "acts" }, h("button", { type: "button", class: "chip", onclick: call }, t.say("callback"))));
}
