import { h } from "./dom.js";
import { render } from "./markdown.js";

/**
 * Who said what and when, without what is not shown.
 * @param {ChatEvent[]} events @param {import("./wording.js").Wording} t
 */
function spoken(events, t) {
  /** @type {Record<string, (event: ChatEvent) => string>} */
  const who = {
    welcome: () => t.say("bot"),
    message: () => t.say("you"),
    reply: () => t.say("bot"),
    expert: (event) => (event.name ? t.say("expert", { name: event.name }) : t.say("expert-unnamed")),
  };
  return events.filter((event) => event.kind in who).map((event) => ({ who: who[event.kind](event), at: t.moment(event.at), event }));
}

/** Gives the conversation as a text file. @param {ChatEvent[]} events @param {import("./wording.js").Wording} t */
export function save(events, t) {
  const text = spoken(events, t).map(({ who, at, event }) => `${who}, ${at}\n${event.text}\n`).join("\n");
  const url = URL.createObjectURL(new Blob([`${t.say("paper-title")}\n\n${text}`], { type: "text/plain;charset=utf-8" }));
  h("a", { href: url, download: "neuvo.txt" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Prints the conversation from a page of its own; browsers save it as PDF too. @param {ChatEvent[]} events @param {import("./wording.js").Wording} t @param {ParentNode} place where the page may be */
export function print(events, t, place) {
  const frame = h("iframe", { title: t.say("paper-title"), class: "paper", "aria-hidden": "true", tabindex: -1 });
  place.append(frame);
  const { contentWindow: page, contentDocument: paper } = frame;
  if (!page || !paper) return;
  paper.documentElement.lang = t.lang;
  paper.title = t.say("paper-title");
  paper.body.append(h("h1", {}, t.say("paper-title")), ...spoken(events, t).map(({ who, at, event }) =>
    h("section", { lang: event.lang || t.lang }, h("h2", {}, `${who}, ${at}`),
      event.markdown ? render(event.markdown, t.say("new-tab")) : h("p", {}, event.text),
      event.citation && h("p", {}, `${t.say("source")}: ${event.citation.title}, ${event.citation.url} (${t.say("checked", { date: t.date(event.citation.checked) })})`))));
  page.addEventListener("afterprint", () => frame.remove());
  page.print();
}
