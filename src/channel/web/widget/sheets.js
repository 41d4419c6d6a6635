import { Refused } from "./api.js";
import { h, icon } from "./dom.js";
import { render } from "./markdown.js";
import { LANG_NAMES, LANGS } from "./wording.js";
import { print, save } from "./paper.js";

/**
 * A page in the window instead of the conversation: its heading takes the focus, a button leads back.
 * @typedef {import("./chat.js").Chat} Chat
 */

/** @param {Chat} chat @param {string} title @param {...(Node | string | null | undefined | false)} content */
function sheet(chat, title, ...content) {
  const heading = h("h2", { tabindex: -1 }, title);
  const back = h("button", { type: "button", class: "plain back", onclick: () => chat.show(null) }, icon("back"), chat.t.say("back"));
  return h("div", { class: "sheet", lang: chat.t.lang }, back, heading, ...content);
}

/** @param {string} words @param {() => void} act @param {string} [kind] */
function row(words, act, kind = "") {
  return h("button", { type: "button", class: `wide ${kind}`, onclick: act }, words);
}

/** A group of radio buttons. @param {string} legend @param {string} name @param {[string, string, string?][]} options value, words, language @param {string | null} value @param {(value: string) => void} [chosen] */
function radios(legend, name, options, value, chosen) {
  return h("fieldset", {}, h("legend", {}, legend), ...options.map(([of, words, lang]) =>
    h("label", { class: "option", lang: lang || false },
      h("input", { type: "radio", name, value: of, checked: of === value, onchange: () => chosen?.(of) }), h("span", {}, words))));
}

/** Language, text size, saving, ending, deleting. @param {Chat} chat */
export function menu(chat) {
  const { t, talk } = chat;
  const sizes = /** @type {[string, string][]} */ ([["normal", t.say("size-normal")], ["large", t.say("size-large")], ["larger", t.say("size-larger")]]);
  const said = talk.begun && [
    row(t.say("save"), () => save(talk.events, t)),
    row(t.say("print"), () => print(talk.events, t, chat.root)),
    !talk.ended && row(t.say("end"), () => { talk.end("ended"); chat.show("feedback"); }),
    talk.ended && row(t.say("new"), () => chat.anew()),
    talk.api.key && row(t.say("feedback"), () => chat.show("feedback")),
    row(t.say("delete"), () => chat.show("remove"), "danger"),
  ].filter((part) => part instanceof Node);
  return sheet(chat, t.say("menu"),
    radios(t.say("language"), "lang", LANGS.map((lang) => [lang, LANG_NAMES[lang], lang]), t.lang, (lang) => chat.speak(/** @type {Lang} */ (lang), "lang")),
    radios(t.say("text-size"), "size", sizes, talk.view.size || "normal", (size) => chat.resize(size)),
    said && h("div", { class: "rows" }, ...said),
    h("p", { class: "small" }, t.plural("privacy", chat.config.retention_days)),
    h("p", { class: "small" }, h("a", { href: `${talk.api.origin}/accessibility#${t.lang}`, target: "_blank", rel: "noopener" },
      t.say("accessibility"), h("span", { class: "away" }, ` (${t.say("new-tab")})`))));
}

/** How to reach a person. @param {Chat} chat */
export function person(chat) {
  const { t, talk, config } = chat;
  const asks = config.features.handoff && talk.answers === "bot" && !talk.ended;
  return sheet(chat, t.say("person-title"),
    asks && h("div", { class: "rows" }, row(t.say("handoff-ask"), () => chat.askPerson(), "primary"), h("p", {}, t.say("handoff-about"))),
    config.features.callback && row(t.say("callback"), () => chat.show("callback")),
    contact(t));
}

/** Phones and hours. @param {import("./wording.js").Wording} t */
export function contact(t) {
  return h("div", { class: "words contact" }, render(t.say("contact") || t.say("contact-plain"), t.say("new-tab")));
}

/** Whether the conversation is to be deleted. @param {Chat} chat */
export function remove(chat) {
  const { t, talk } = chat;
  const act = async () => {
    try {
      await talk.delete();
    } catch {
      chat.notify(t.say("delete-failed"));
    }
  };
  return sheet(chat, t.say("delete"), h("p", {}, t.say("delete-about")),
    h("div", { class: "rows" }, row(t.say("delete"), act, "danger filled"), row(t.say("cancel"), () => chat.show(null))));
}

/** Feedback on the conversation. @param {Chat} chat */
export function feedback(chat) {
  const { t, talk } = chat;
  const problem = h("p", { class: "problem", role: "alert" });
  const sorts = /** @type {[string, string][]} */ ([["suggestion", t.say("sort-suggestion")], ["complaint", t.say("sort-complaint")], ["praise", t.say("sort-praise")]]);
  const area = h("textarea", { id: "feedback-words", rows: 4, maxlength: 2000 });
  const wish = h("input", { type: "checkbox", onchange: () => { how.hidden = !wish.checked; } });
  const how = h("p", { class: "small", hidden: true }, t.say("feedback-reply-how"));
  const form = h("form", { novalidate: true, onsubmit: async (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    const sort = new FormData(form).get("sort");
    const words = area.value.trim();
    problem.textContent = !sort ? t.say("feedback-choose") : !words ? t.say("feedback-empty") : "";
    const missing = !sort ? form.querySelector("input") : !words ? area : null;
    if (missing) return missing.focus();
    try {
      await talk.api.call("POST", talk.api.of("/feedback"), { sort, words, wants_reply: wish.checked });
      chat.show(null);
      chat.notify(t.say("feedback-thanks"));
    } catch {
      problem.textContent = t.say("rate-failed");
    }
  } }, radios(t.say("feedback-sort"), "sort", sorts, null), h("label", { for: "feedback-words" }, t.say("feedback-words")), area,
  h("label", { class: "option" }, wish, h("span", {}, t.say("feedback-reply"))), how, problem,
  h("button", { type: "submit", class: "wide primary" }, t.say("feedback-send")));
  return sheet(chat, t.say("feedback"), talk.ended && h("p", {}, t.say("ended")), h("p", {}, t.say("feedback-about")), form,
    talk.ended && row(t.say("new"), () => chat.anew()));
}

/** A call back: the one that was asked for, or a form to ask for one. @param {Chat} chat */
export function callback(chat) {
  const { t, talk } = chat;
  const place = h("div", { "aria-busy": "true" });
  /** @param {Called | null} asked @param {Slot[]} slots */
  const draw = (asked, slots) => {
    place.removeAttribute("aria-busy");
    place.replaceChildren(...(asked ? [standing(chat, asked)] : []), ...(asked?.claimed ? [] : [wish(chat, asked, slots)]));
  };
  const before = talk.api.key ? talk.api.call("GET", talk.api.of("/callback")).catch(() => null) : Promise.resolve(null);
  Promise.all([before, talk.api.call("GET", "/v1/callback/slots")]).then(([asked, { slots }]) => draw(asked, slots), () => {
    place.replaceChildren(h("p", { class: "problem", role: "alert" }, t.say("form-failed")));
  });
  return sheet(chat, t.say("callback"), h("p", {}, t.say("callback-about")), place);
}

/** What was asked for, and the way to take it back. @param {Chat} chat @param {Called} asked */
function standing(chat, asked) {
  const { t, talk } = chat;
  const cancel = async () => {
    try {
      await talk.api.call("DELETE", talk.api.of("/callback"));
      chat.show(null);
      chat.note(t.say("callback-cancelled"));
    } catch {
      chat.notify(t.say("form-failed"));
    }
  };
  return h("div", { class: "rows" }, h("p", {}, t.say("callback-standing", { time: t.moment(asked.starts_at) })), row(t.say("callback-cancel"), cancel));
}

/** The form: number, language, interpreter, subject and time. @param {Chat} chat @param {Called | null} asked @param {Slot[]} slots */
function wish(chat, asked, slots) {
  const { t, talk } = chat;
  if (slots.length === 0) return h("p", {}, t.say("callback-none"));
  const problem = h("p", { id: "callback-problem", class: "problem", role: "alert" });
  const number = h("input", { id: "callback-number", type: "tel", autocomplete: "tel", required: true, "aria-describedby": "callback-problem" });
  const topic = h("input", { id: "callback-topic", type: "text", maxlength: 200, value: asked?.topic });
  const slot = h("select", { id: "callback-slot" }, ...slots.map(({ slot: of, starts_at: at }) => h("option", { value: of, selected: of === asked?.slot }, t.moment(at))));
  const interpreter = h("input", { type: "checkbox", checked: asked?.interpreter });
  /** @type {Record<string, () => [string, HTMLElement]>} */
  const faults = { "bad-number": () => [t.say("callback-number-wrong"), number], "slot-taken": () => [t.say("callback-slot-taken"), slot] };
  /** @param {string} code */
  const fail = (code) => {
    const [text, field] = (faults[code] || (() => [t.say("form-failed"), number]))();
    problem.textContent = text;
    number.setAttribute("aria-invalid", String(field === number));
    field.focus();
  };
  const form = h("form", { novalidate: true, onsubmit: async (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    if (!number.value.trim()) return fail("bad-number");
    const lang = new FormData(form).get("language");
    const time = slot.selectedOptions[0]?.textContent || "";
    try {
      await talk.ensure();
      await talk.api.call("PUT", talk.api.of("/callback"), { number: number.value.trim(), lang, interpreter: interpreter.checked, topic: topic.value.trim(), slot: slot.value });
      chat.show(null);
      chat.note(t.say("callback-done", { time }));
    } catch (error) {
      fail(error instanceof Refused ? error.code : "");
    }
  } }, h("label", { for: "callback-number" }, t.say("callback-number")), number,
  radios(t.say("callback-language"), "language", LANGS.map((lang) => [lang, LANG_NAMES[lang], lang]), asked?.lang || t.lang),
  h("label", { class: "option" }, interpreter, h("span", {}, t.say("callback-interpreter"))),
  h("label", { for: "callback-topic" }, t.say("callback-topic")), topic,
  h("label", { for: "callback-slot" }, t.say("callback-slot")), slot, problem,
  h("button", { type: "submit", class: "wide primary" }, asked ? t.say("callback-change") : t.say("callback-send")));
  return form;
}
