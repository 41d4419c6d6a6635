import { Chat } from "./chat.js";
import { h } from "./dom.js";
import { langOf } from "./wording.js";

/**
 * `<neuvo-chat>`: a button that opens a window, or, with `inline`, the window where it stands.
 * Attributes: `lang`, `context` (the benefit of the page), `inline`, `open-on` (an event of the page that opens it, else `neuvo:open`).
 * Tells the page by the events `neuvo:opened` and `neuvo:closed`.
 */
class NeuvoChat extends HTMLElement {
  /** @type {Chat | undefined} */
  chat;

  connectedCallback() {
    const lang = [this.lang, document.documentElement.lang, navigator.language].map(langOf).find(Boolean) || "fi";
    this.chat ||= new Chat(this, lang);
  }

  open() {
    this.chat?.open();
  }

  close() {
    this.chat?.close();
  }
}

customElements.define("neuvo-chat", NeuvoChat);

/* The script tag stands for the element, where the page has none of its own. */
const tag = [...document.scripts].find((script) => script.src === import.meta.url);
if (tag && !document.querySelector("neuvo-chat")) {
  const { lang, context, openOn } = tag.dataset;
  document.body.append(h(/** @type {any} */ ("neuvo-chat"), { lang, context, "open-on": openOn }));
}
