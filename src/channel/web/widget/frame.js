import { h, icon } from "./dom.js";
import { LANG_NAMES, LANGS } from "./wording.js";

/** The parts of the window that are always there, without words. @param {boolean} inline */
export function frame(inline) {
  const launcher = h("button", { type: "button", class: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false" });
  const langs = h("div", { class: "langs", role: "group" }, ...LANGS.map((lang) =>
    h("button", { type: "button", lang, "data-lang": lang }, lang.toUpperCase(), h("span", { class: "away" }, ` ${LANG_NAMES[lang]}`))));
  const menuButton = h("button", { type: "button", class: "tool", "aria-expanded": "false" });
  const closeButton = h("button", { type: "button", class: "tool" });
  const subtitle = h("span", { class: "subtitle" });
  const title = h("h2", { id: "title" }, icon("chat"), h("span", {}, "neuvo ", subtitle));
  const head = h("div", { class: "head" }, title, langs, menuButton, !inline && closeButton);
  const first = h("div");
  const log = h("div", { role: "log" });
  const waiting = h("div", { class: "unsent" });
  const downCard = h("div", { class: "down", hidden: true });
  const reel = h("div", { class: "reel", tabindex: 0, role: "region" }, first, log, waiting, downCard);
  const newButton = h("button", { type: "button", class: "fresh", hidden: true });
  const status = h("div", { class: "status", role: "status" });
  const personButton = h("button", { type: "button", class: "plain" });
  const leaveButton = h("button", { type: "button", class: "plain", hidden: true });
  const anewButton = h("button", { type: "button", class: "wide primary", hidden: true });
  const bar = h("div", { class: "bar" }, personButton, leaveButton);
  const main = h("div", { class: "main" }, reel, newButton, status, bar, anewButton);
  const aside = h("div", { class: "aside", hidden: true });
  const window = h(inline ? "section" : "dialog", { class: `window${inline ? " inline" : ""}`, "aria-labelledby": "title" }, head, main, aside);
  return {
    launcher, langs, menuButton, closeButton, subtitle, first, log, waiting, downCard, reel, newButton, status, personButton, leaveButton,
    anewButton, main, aside, window,
  };
}
