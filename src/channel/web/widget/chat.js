import { Api, backOff } from "./api.js";
import { Composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { frame } from "./frame.js";
import { callback, contact, feedback, menu, person, remove } from "./sheets.js";
import { Talk } from "./talk.js";
import { greeting, note, turn, unsent, waits } from "./turns.js";
import { Wording } from "./wording.js";

const SHEETS = { menu, person, remove, feedback, callback };
const ORIGIN = new URL(import.meta.url).origin;
const STARTERS = ["starter-a", "starter-b", "starter-c", "starter-d"];
const CONFIG_STORED = "neuvo-config";
/** A reply that comes sooner needs no word that it is being looked for. */
const WORKING_MS = 400;
const NOTICE_MS = 8_000;
const WRITES_MS = 6_000;
/** How near the end the reader is who wants to see what comes. */
const NEAR_PX = 96;

/** The window with the conversation, and the button that opens it. */
export class Chat {
  /** @param {HTMLElement} host @param {Lang} lang */
  constructor(host, lang) {
    this.host = host;
    this.root = host.attachShadow({ mode: "open" });
    this.inline = host.hasAttribute("inline");
    this.config = BAKED;
    this.t = new Wording(BAKED, lang);
    this.talk = new Talk(new Api(ORIGIN), { lang, context: host.getAttribute("context") });
    this.parts = frame(this.inline);
    this.composer = new Composer(BAKED.chars_max, (text) => this.ask(text), (text) => this.notify(text));
    /** @type {keyof typeof SHEETS | null} */
    this.sheet = null;
    this.isOpen = false;
    this.unreachable = false;
    this.unseen = this.tries = this.timer = this.working = this.quiet = 0;
    this.small = matchMedia("(max-width: 30em), (max-height: 26em)");
    this.dress();
    this.parts.main.append(this.composer.form);
    this.root.append(...(this.inline ? [] : [this.parts.launcher]), this.parts.window);
    this.listen();
    this.speak(this.talk.view.lang || lang);
    this.resize(this.talk.view.size || "normal");
    if (this.inline) host.addEventListener("focusin", () => this.begin(), { once: true });
    else if (this.talk.view.open) this.open({ focus: false });
  }

  /** Styles without a style element, so that strict policies allow them. */
  dress() {
    try {
      const styles = new CSSStyleSheet();
      styles.replaceSync(STYLES);
      this.root.adoptedStyleSheets = [styles];
    } catch {
      this.root.append(h("link", { rel: "stylesheet", href: `${ORIGIN}/widget.css` }));
    }
  }

  listen() {
    const { parts, talk } = this;
    const acts = /** @type {[HTMLElement, () => void][]} */ ([
      [parts.launcher, () => (this.isOpen ? this.close() : this.open())],
      [parts.menuButton, () => this.show(this.sheet === "menu" ? null : "menu")],
      [parts.closeButton, () => this.close()],
      [parts.newButton, () => this.toEnd()],
      [parts.personButton, () => this.show("person")],
      [parts.leaveButton, () => this.leaveQueue()],
      [parts.anewButton, () => this.anew()],
    ]);
    for (const [button, act] of acts) button.addEventListener("click", act);
    for (const button of parts.langs.children) {
      button.addEventListener("click", () => this.speak(/** @type {Lang} */ (button.getAttribute("data-lang")), "bar"));
    }
    for (const part of [parts.reel, parts.window]) part.addEventListener("scroll", () => this.atEnd() && this.seen(), { passive: true });
    parts.window.addEventListener("cancel", (asked) => this.escape(asked));
    talk.addEventListener("event", (told) => this.came(/** @type {CustomEvent<ChatEvent>} */ (told).detail));
    talk.addEventListener("passing", (told) => this.pass(/** @type {CustomEvent<ChatEvent>} */ (told).detail));
    talk.addEventListener("unsent", () => this.drawUnsent());
    this.composer.area.addEventListener("input", () => talk.types());
    talk.addEventListener("state", (told) => this.drawState(/** @type {CustomEvent<string>} */ (told).detail));
    talk.addEventListener("reset", (told) => this.reset(/** @type {CustomEvent<string>} */ (told).detail));
    window.addEventListener(this.host.getAttribute("open-on") || "neuvo:open", () => this.open());
    document.addEventListener("keydown", (pressed) => {
      const within = this.isOpen || (this.inline && document.activeElement === this.host);
      if (pressed.key === "Escape" && !pressed.defaultPrevented && within) this.escape(pressed);
    });
    this.small.addEventListener("change", () => this.isOpen && this.raise());
  }

  /** Opens the window and leads into the input. @param {{ focus?: boolean }} [how] */
  open({ focus = true } = {}) {
    if (this.isOpen || this.inline) return focus && this.composer.area.focus();
    this.isOpen = true;
    this.raise();
    if (focus) this.composer.area.focus();
    else /** @type {HTMLElement | null} */ (this.root.activeElement)?.blur();
    this.parts.launcher.setAttribute("aria-expanded", "true");
    this.begin();
    this.toEnd();
    this.host.dispatchEvent(new CustomEvent("neuvo:opened", { bubbles: true, composed: true }));
  }

  /** Over the page where there is room, instead of it where there is none. */
  raise() {
    const dialog = /** @type {HTMLDialogElement} */ (this.parts.window);
    const active = this.root.activeElement;
    if (dialog.open) dialog.close();
    if (this.small.matches) dialog.showModal();
    else dialog.show();
    if (active instanceof HTMLElement) active.focus();
  }

  /** Closes the window; the focus goes back to the launcher. The conversation goes on. */
  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    /** @type {HTMLDialogElement} */ (this.parts.window).close();
    this.parts.launcher.setAttribute("aria-expanded", "false");
    this.parts.launcher.focus();
    this.keep({ open: false });
    this.host.dispatchEvent(new CustomEvent("neuvo:closed", { bubbles: true, composed: true }));
  }

  /** From here on the widget talks to the server and may keep things. */
  begin() {
    this.talk.view.open = !this.inline;
    this.talk.use();
    try {
      const kept = JSON.parse(sessionStorage.getItem(CONFIG_STORED) || "null");
      if (kept && !this.config.version) this.dressIn(kept);
    } catch { /* nothing was kept */ }
    this.refresh();
  }

  /** Asks for the texts and features of now; where nobody answers it says so, and asks again. */
  async refresh() {
    clearTimeout(this.timer);
    const context = this.host.getAttribute("context");
    try {
      const config = await this.talk.api.call("GET", `/v1/widget/config${context ? `?context=${encodeURIComponent(context)}` : ""}`);
      const came = this.unreachable;
      this.unreachable = false;
      this.tries = 0;
      try {
        sessionStorage.setItem(CONFIG_STORED, JSON.stringify(config));
      } catch { /* not kept */ }
      this.dressIn(config);
      if (came) this.drawState("back");
    } catch {
      this.unreachable = true;
      this.drawState();
      this.timer = window.setTimeout(() => this.refresh(), backOff(this.tries++));
    }
  }

  /** @param {Config} config */
  dressIn(config) {
    const same = config.version === this.config.version && !config.starters[this.t.lang] && !config.features.handoff && !config.features.callback;
    this.config = config;
    if (!same) this.speak(this.t.lang);
  }

  /** Speaks a language from here on. @param {Lang} lang @param {"bar" | "lang"} [from] what asked for it and keeps the focus */
  speak(lang, from) {
    const { talk } = this;
    const t = (this.t = new Wording(this.config, lang));
    if (talk.view.lang !== lang && from) this.keep({ lang });
    this.parts.window.lang = this.parts.launcher.lang = lang;
    this.launcherText();
    this.parts.subtitle.textContent = t.say("subtitle");
    this.parts.langs.setAttribute("aria-label", t.say("language"));
    for (const button of this.parts.langs.children) button.setAttribute("aria-pressed", String(button.getAttribute("data-lang") === lang));
    for (const [button, name] of /** @type {const} */ ([[this.parts.menuButton, "menu"], [this.parts.closeButton, "close"]])) {
      const words = name === "menu" ? t.say("menu") : t.say("close");
      button.replaceChildren(icon(name), h("span", { class: "away" }, words));
      button.title = words;
    }
    this.parts.reel.setAttribute("aria-label", t.say("log"));
    this.parts.log.setAttribute("aria-label", t.say("log"));
    this.parts.personButton.replaceChildren(icon("person"), t.say("person"));
    this.parts.leaveButton.textContent = t.say("handoff-leave");
    this.parts.anewButton.textContent = t.say("new");
    this.composer.speak(t);
    const ofPage = this.config.starters[lang];
    const starters = ofPage || STARTERS.map((id) => t.say(id));
    this.parts.first.replaceChildren(greeting(t, starters, Boolean(ofPage), (text) => this.ask(text)));
    this.drawLog();
    this.drawState();
    if (this.sheet) this.show(this.sheet);
    if (from === "lang") /** @type {HTMLElement | null} */ (this.parts.aside.querySelector("input:checked"))?.focus();
  }

  /** @param {string} size */
  resize(size) {
    this.parts.window.dataset.size = size;
    if (this.talk.used) this.keep({ size });
  }

  /** @param {Partial<import("./talk.js").Talk["view"]>} view */
  keep(view) {
    Object.assign(this.talk.view, view);
    this.talk.remember();
  }

  /** Shows a sheet instead of the conversation, or the conversation again. @param {keyof typeof SHEETS | null} name */
  show(name) {
    const before = this.sheet;
    this.sheet = name;
    this.parts.aside.hidden = !name;
    this.parts.main.hidden = Boolean(name);
    this.parts.menuButton.setAttribute("aria-expanded", String(name === "menu"));
    this.parts.aside.replaceChildren(...(name ? [SHEETS[name](this)] : []));
    if (name && name !== before) /** @type {HTMLElement | null} */ (this.parts.aside.querySelector("h2"))?.focus();
    if (!name) {
      this.toEnd();
      (before === "menu" ? this.parts.menuButton : before === "person" ? this.parts.personButton : this.talk.ended ? this.parts.anewButton : this.composer.area).focus();
    }
  }

  /** One step back: from a sheet to the conversation, from there to the page. @param {Event} pressed */
  escape(pressed) {
    if (this.inline && !this.sheet) return;
    pressed.preventDefault();
    if (this.sheet) this.show(null);
    else this.close();
  }

  /** @param {string} text */
  ask(text) {
    if (this.talk.ended) this.talk.lose("new");
    const said = this.talk.say(text, this.t.lang);
    if (said) this.toEnd();
    return said;
  }

  async askPerson() {
    try {
      await this.talk.ensure();
      await this.talk.api.call("POST", this.talk.api.of("/handoff"), {});
      this.show(null);
    } catch {
      this.notify(this.t.say("handoff-failed"));
    }
  }

  async leaveQueue() {
    try {
      await this.talk.api.call("DELETE", this.talk.api.of("/handoff"));
      this.composer.area.focus();
    } catch {
      this.notify(this.t.say("form-failed"));
    }
  }

  /** Begins another conversation. */
  anew() {
    this.talk.lose("new");
    this.show(null);
    this.composer.area.focus();
  }

  /** Everything that was said, anew; nothing of it is announced again. */
  drawLog() {
    const { talk, parts: { log } } = this;
    log.setAttribute("aria-live", "off");
    log.replaceChildren();
    for (const event of talk.events) this.add(event);
    this.drawUnsent();
    requestAnimationFrame(() => log.setAttribute("aria-live", "polite"));
  }

  /** @param {ChatEvent} event */
  add(event) {
    const call = this.config.features.callback ? () => this.show("callback") : null;
    const made = turn(event, { t: this.t, talk: this.talk, ask: (text) => this.ask(text), notify: (text) => this.notify(text), call });
    const asked = this.parts.log.lastElementChild;
    // A question is in the language in which it was answered.
    if (event.kind === "reply" && event.lang && asked?.classList.contains("mine")) asked.setAttribute("lang", event.lang);
    if (made) this.parts.log.append(made);
    return made;
  }

  /** Something was said. @param {ChatEvent} event */
  came(event) {
    const follows = this.atEnd();
    if (event.kind === "reply" && event.lang && event.lang !== this.t.lang) this.speak(event.lang, "bar");
    else this.add(event);
    if (event.kind === "expert" || event.kind === "handoff") this.tell("");
    this.drawState();
    const made = /** @type {HTMLElement | null} */ (this.parts.log.lastElementChild);
    if (!made || event.kind === "welcome") return;
    if (follows && this.visible) this.reveal(made, event.kind === "message");
    else if (event.kind !== "message") this.unseen += 1;
    this.showUnseen();
  }

  /** The place in the queue, or that somebody writes. @param {ChatEvent} event */
  pass(event) {
    const { t } = this;
    if (event.kind === "typing") {
      this.tell(t.say("typing"), "working");
      this.quiet = window.setTimeout(() => this.parts.status.textContent === t.say("typing") && this.tell(""), WRITES_MS);
    } else if (this.talk.answers === "queue") this.tell(waits(event, t));
  }

  get visible() {
    return this.inline || (this.isOpen && !this.sheet);
  }

  drawUnsent() {
    const { t, talk } = this;
    const view = { t, talk, ask: () => {}, notify: () => {} };
    this.parts.waiting.replaceChildren(...talk.unsent.map((message) => unsent(message, view)));
    this.parts.first.querySelector(".acts")?.toggleAttribute("hidden", talk.begun);
    this.drawState();
    if (talk.unsent.length && this.atEnd(400)) this.toEnd();
  }

  /** What stands in the status line, and what can be done. @param {string} [why] */
  drawState(why) {
    const { t, talk } = this;
    const offline = !navigator.onLine;
    const down = talk.link === "down" || this.unreachable;
    const troubled = talk.used && (offline || down || talk.link === "broken");
    this.parts.downCard.hidden = !talk.used || !(down || offline);
    if (!this.parts.downCard.hidden && this.parts.downCard.lang !== t.lang) {
      this.parts.downCard.lang = t.lang;
      this.parts.downCard.replaceChildren(h("h3", {}, t.say("person-title")), contact(t));
    }
    this.composer.form.hidden = talk.ended;
    this.parts.anewButton.hidden = !talk.ended;
    this.parts.leaveButton.hidden = talk.answers !== "queue";
    clearTimeout(this.working);
    if (troubled) this.tell(offline ? t.say("offline") : down ? t.say("down") : t.say("reconnecting"), "trouble");
    else if (this.parts.status.className.includes("trouble")) this.notify(t.say("online"));
    else if (talk.ended) this.tell(why === "full" ? t.say("full") : t.say("ended"));
    else if (talk.answers === "bot" && this.awaits) this.working = window.setTimeout(() => this.tell(t.say("working"), "working"), WORKING_MS);
    else if (this.parts.status.className.includes("working")) this.tell("");
  }

  /** Whether the bot owes a reply. */
  get awaits() {
    return this.talk.unsent.some((message) => message.state === "sending") || this.talk.events.at(-1)?.kind === "message";
  }

  /** @param {string} text @param {string} [kind] */
  tell(text, kind = "") {
    clearTimeout(this.quiet);
    this.parts.status.className = `status ${kind}`;
    if (this.parts.status.textContent !== text) this.parts.status.textContent = text;
  }

  /** Says something for a while. @param {string} text */
  notify(text) {
    this.tell(text);
    this.quiet = window.setTimeout(() => this.parts.status.textContent === text && this.tell(""), NOTICE_MS);
  }

  /** A line of the widget's own in the conversation, as long as it is shown. @param {string} text */
  note(text) {
    this.parts.log.append(note(text, this.t.lang));
    this.toEnd();
  }

  /** @param {string} why */
  reset(why) {
    const { t } = this;
    if (this.sheet === "remove") this.show(null);
    const lang = this.talk.view.lang;
    if (why === "followed" && lang && lang !== t.lang) this.speak(lang);
    else this.drawLog();
    this.drawState();
    if (why === "gone") this.note(t.say("gone"));
    if (why === "deleted") this.note(t.say("deleted"));
    this.unseen = 0;
    this.showUnseen();
  }

  /** What scrolls: the conversation, or the whole window where it is low. */
  get scroller() {
    const { reel, window } = this.parts;
    return getComputedStyle(reel).overflowY === "visible" ? window : reel;
  }

  /** @param {number} [near] */
  atEnd(near = NEAR_PX) {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < near;
  }

  toEnd() {
    const { scroller } = this;
    scroller.scrollTop = scroller.scrollHeight;
    this.seen();
  }

  /** Shows the beginning of a turn that is taller than the window, else the end. @param {HTMLElement} made @param {boolean} own */
  reveal(made, own) {
    const { scroller } = this;
    const fits = own || made.offsetHeight < scroller.clientHeight;
    if (fits) return this.toEnd();
    scroller.scrollTop += made.getBoundingClientRect().top - scroller.getBoundingClientRect().top - 12;
    this.unseen = 0;
  }

  seen() {
    if (!this.unseen) return;
    this.unseen = 0;
    this.showUnseen();
  }

  showUnseen() {
    this.parts.newButton.hidden = this.unseen === 0;
    this.parts.newButton.replaceChildren(icon("down"), this.t.plural("new-messages", this.unseen));
    this.launcherText();
  }

  launcherText() {
    const unseen = this.unseen && !this.isOpen ? this.t.plural("new-messages", this.unseen) : "";
    this.parts.launcher.replaceChildren(icon("chat"), h("span", {}, this.t.say("launcher")), unseen && h("span", { class: "badge" }, unseen));
  }
}
