import { backOff, Refused } from "./api.js";
import { uuid } from "./dom.js";
import { Stream } from "./stream.js";

const STORED = "neuvo-chat";
/** Events that are kept in the browser, so that a reload shows them before the server does. */
const EVENTS_MAX = 200;
const UNSENT_MAX = 20;
const TYPING_MS = 4_000;
/** Failures in a row after which it is said that the connection broke, and that the service is down. */
const BROKEN_TRIES_N = 2;
const DOWN_TRIES_N = 4;

/**
 * The conversation as this browser knows it. It is opened with the first message. What was written waits here until the server has it,
 * under one id, so that it is answered once. Kept in the tab's session storage, which ends with the tab; other tabs of the page are
 * told over a channel and follow.
 *
 * Tells of every change by the events `event` (one came), `passing` (one that is not kept), `unsent`, `state` and `reset`.
 */
export class Talk extends EventTarget {
  /** @param {import("./api.js").Api} api @param {{ lang: Lang, context: string | null }} start */
  constructor(api, start) {
    super();
    this.api = api;
    this.start = start;
    /** @type {ChatEvent[]} */
    this.events = [];
    /** @type {Unsent[]} */
    this.unsent = [];
    /** @type {Record<string, Rated>} */
    this.rated = {};
    /** @type {"fine" | "broken" | "down"} */
    this.link = "fine";
    this.ended = false;
    /** Settings of the view that last as long as the tab. @type {{ lang?: Lang, size?: string, open?: boolean }} */
    this.view = {};
    this.used = false;
    this.sending = false;
    this.failures = 0;
    this.typed = 0;
    this.timer = 0;
    this.stream = new Stream(api, {
      after: () => this.last,
      take: (event) => this.take(event),
      state: (alive) => this.connected(alive),
      gone: () => this.lose("gone"),
    });
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(`neuvo ${api.origin}`) : null;
    this.channel?.addEventListener("message", ({ data }) => this.hear(data));
    this.recall();
    if (!this.api.key) this.channel?.postMessage({ type: "ask" });
    for (const name of ["online", "pageshow", "focus"]) window.addEventListener(name, () => this.wake());
    window.addEventListener("offline", () => this.tell("state"));
    window.addEventListener("pagehide", () => this.stream.stop());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.wake());
  }

  /** The place of the last event. */
  get last() {
    return this.events.at(-1)?.seq ?? 0;
  }

  /** Who answers: the bot, nobody yet, or a person. @returns {"bot" | "queue" | "person"} */
  get answers() {
    const last = this.events.findLast((event) => event.kind === "handoff");
    if (last?.state === "requested" || last?.state === "queued") return "queue";
    return last?.state === "claimed" || last?.state === "transferred" ? "person" : "bot";
  }

  /** Tells who reads, at most every few seconds, that something is being written; never what. */
  types() {
    if (this.answers === "bot" || !this.api.key || Date.now() - this.typed < TYPING_MS) return;
    this.typed = Date.now();
    this.api.call("POST", this.api.of("/typing")).catch(() => {});
  }

  /** Whether anything was said. */
  get begun() {
    return this.events.some((event) => event.kind !== "welcome") || this.unsent.length !== 0;
  }

  /** From here on this tab may keep things: the citizen opened the widget. */
  use() {
    this.used = true;
    this.remember();
    if (this.api.key && !this.ended) this.stream.start();
    this.flush();
  }

  /** Takes a message to be sent; it is sent once, now or when it can be. @param {string} text @param {Lang} lang */
  say(text, lang) {
    if (UNSENT_MAX <= this.unsent.length) return false;
    this.unsent.push({ id: uuid(), text, lang, state: "sending" });
    this.changed("unsent");
    this.flush();
    return true;
  }

  /** Gives up a message that was not sent. @param {string} id */
  discard(id) {
    this.unsent = this.unsent.filter((message) => message.id !== id);
    this.changed("unsent");
  }

  /** Sends what waits, in order, one at a time. */
  async flush() {
    clearTimeout(this.timer);
    if (this.sending || this.ended) return;
    this.sending = true;
    try {
      for (let next; (next = this.unsent.find((message) => message.state !== "refused")); ) await this.send(next);
    } catch (error) {
      const refused = error instanceof Refused ? error : new Refused(0, "unreachable");
      for (const message of this.unsent) if (message.state === "sending") message.state = "waiting";
      this.changed("unsent");
      this.failed(refused.status === 0 || 500 <= refused.status);
      this.timer = window.setTimeout(() => this.flush(), Math.max(refused.retryMs, backOff(Math.min(this.failures, 6))));
    } finally {
      this.sending = false;
    }
  }

  /** @param {Unsent} message */
  async send(message) {
    message.state = "sending";
    this.changed("unsent");
    try {
      await this.ensure();
      const { id, text, lang } = message;
      const { seq, text: kept, reply } = await this.api.call("POST", this.api.of("/messages"), { id, text, lang });
      this.fine();
      // Events between the last one that was taken and these, such as another tab's, come over the stream in order.
      const asked = { kind: "message", seq, at: reply?.at || new Date().toISOString(), id, text: kept };
      for (const event of [asked, reply]) if (event?.seq === this.last + 1) this.take(event);
      if (this.unsent.includes(message)) {
        this.discard(id);
        this.stream.wake();
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 404) return this.lose("gone", [message]);
      if (error.passes) throw error;
      message.state = "refused";
      this.changed("unsent");
      if (error.code === "conversation-full") this.end("full");
    }
  }

  /** Opens the conversation where nothing was said yet. */
  async ensure() {
    if (!this.api.key) await this.open();
  }

  async open() {
    const context = { page: location.origin + location.pathname, ...(this.start.context ? { benefit: this.start.context } : {}) };
    const lang = this.view.lang || this.start.lang;
    const { id, secret, welcome } = await this.api.call("POST", "/v1/conversations", { lang, context });
    this.api.key = { id, secret };
    this.take(welcome);
    this.stream.start();
    this.channel?.postMessage({ type: "here", ...this.shared() });
  }

  /** Takes an event, if it is the next one. What passes is only told. @param {ChatEvent} event */
  take(event) {
    if (event.kind === "typing" || event.kind === "queue") return this.tell("passing", event);
    if (event.seq <= this.last) return;
    this.events.push(event);
    if (event.kind === "message") this.unsent = this.unsent.filter((message) => message.id !== event.id);
    this.remember();
    this.tell("event", event);
    if (event.kind === "message") this.tell("unsent");
  }

  /** Says whether an answer helped; `null` takes it back. @param {number} seq @param {Rated | null} rated */
  async rate(seq, rated) {
    const { rating, words } = rated || { rating: null, words: "" };
    await this.api.call("PUT", this.api.of(`/feedback/${seq}`), { rating, words });
    if (rated) this.rated[seq] = rated;
    else delete this.rated[seq];
    this.remember();
    this.channel?.postMessage({ type: "rated", id: this.api.key?.id, rated: this.rated });
  }

  /** Ends the conversation here; it can still be read, saved and deleted. @param {"ended" | "full"} why */
  end(why) {
    this.ended = true;
    this.stream.stop();
    this.changed("state", why);
    this.channel?.postMessage({ type: "ended", id: this.api.key?.id });
  }

  /** Deletes the conversation on the server and here. */
  async delete() {
    try {
      if (this.api.key) await this.api.call("DELETE", this.api.of(""));
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
    }
    this.lose("deleted");
  }

  /** Forgets the conversation; `unsent` goes on in a new one. @param {"gone" | "deleted" | "new"} why @param {Unsent[]} [unsent] */
  lose(why, unsent = []) {
    if (why !== "new") this.channel?.postMessage({ type: "gone", id: this.api.key?.id });
    this.forget(unsent);
    this.tell("reset", why);
  }

  /** @param {Unsent[]} unsent */
  forget(unsent) {
    this.stream.stop();
    this.api.key = null;
    this.events = [];
    this.unsent = unsent;
    this.rated = {};
    this.ended = false;
    this.remember();
  }

  /** Tries again now what waits. */
  wake() {
    if (!this.used) return;
    if (this.api.key && !this.ended) {
      this.stream.start();
      this.stream.wake();
    }
    this.flush();
    this.tell("state");
  }

  /** @param {boolean} alive */
  connected(alive) {
    if (!alive) return this.failed(true);
    this.fine();
    this.flush();
  }

  fine() {
    this.failures = 0;
    if (this.link !== "fine") this.changed("state", (this.link = "fine"));
  }

  /** @param {boolean} unreachable */
  failed(unreachable) {
    this.failures += 1;
    if (unreachable && BROKEN_TRIES_N <= this.failures) this.link = DOWN_TRIES_N <= this.failures ? "down" : "broken";
    this.tell("state");
  }

  shared() {
    return { key: this.api.key, events: this.events, rated: this.rated, ended: this.ended, lang: this.view.lang };
  }

  /** What another tab says. @param {any} said */
  hear(said) {
    const ours = said.id !== undefined && said.id === this.api.key?.id;
    if (said.type === "ask" && this.api.key) this.channel?.postMessage({ type: "here", ...this.shared() });
    else if (said.type === "here" && !this.api.key && !this.sending && said.key) this.adopt(said);
    else if (said.type === "rated" && ours) this.rated = said.rated;
    else if (said.type === "ended" && ours && !this.ended) {
      this.ended = true;
      this.stream.stop();
      this.changed("state", "ended");
    } else if (said.type === "gone" && ours) {
      this.forget([]);
      this.tell("reset", "gone");
    }
  }

  /** @param {{ key: { id: string, secret: string }, events: ChatEvent[], rated: Record<string, Rated>, ended: boolean, lang?: Lang }} other */
  adopt({ key, events, rated, ended, lang }) {
    Object.assign(this, { events, rated, ended });
    this.api.key = key;
    this.view.lang = lang;
    if (this.used && !ended) this.stream.start();
    this.remember();
    this.tell("reset", "followed");
  }

  /** @param {string} name @param {unknown} [detail] */
  changed(name, detail) {
    this.remember();
    this.tell(name, detail);
  }

  /** @param {string} name @param {unknown} [detail] */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /* Storage may be forbidden or full: the conversation then lives as long as the page. */
  remember() {
    if (!this.used) return;
    const { api, unsent, rated, ended, view } = this;
    try {
      const kept = { key: api.key, events: this.events.slice(-EVENTS_MAX), unsent, rated, ended, view };
      sessionStorage.setItem(STORED, JSON.stringify(kept));
    } catch { /* not kept */ }
  }

  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(STORED) || "null");
      if (!kept) return;
      const { key, events, unsent, rated, ended, view } = kept;
      Object.assign(this, { events, unsent, rated, ended, view });
      this.api.key = key;
    } catch { /* nothing was kept */ }
  }
}
