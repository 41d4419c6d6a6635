import { backOff, Refused } from "./api.js";

/** The server sends a comment every 15 seconds; a connection that is silent for longer is dead. */
const SILENT_MS_MAX = 40_000;

/**
 * Listens to a conversation after a place in it, for ever: reconnects with back-off, at once when the page is seen or the network comes
 * back, and never misses or repeats an event, because each connection begins after the last event that was taken.
 */
export class Stream {
  /**
   * @param {import("./api.js").Api} api
   * @param {{ after: () => number, take: (event: ChatEvent) => void, state: (alive: boolean) => void, gone: () => void }} owner
   */
  constructor(api, owner) {
    this.api = api;
    this.owner = owner;
    this.tries = 0;
    this.heard = 0;
    /** @type {AbortController | null} */
    this.connection = null;
    this.timer = 0;
    this.open = false;
  }

  start() {
    if (this.open) return;
    this.open = true;
    this.connect();
  }

  stop() {
    this.open = false;
    clearTimeout(this.timer);
    this.connection?.abort();
    this.connection = null;
  }

  /** Connects now, unless something was heard a moment ago. */
  wake() {
    if (!this.open || (this.connection && Date.now() - this.heard < 20_000)) return;
    this.tries = 0;
    this.connection?.abort();
    clearTimeout(this.timer);
    this.connect();
  }

  async connect() {
    const connection = new AbortController();
    this.connection = connection;
    this.heard = Date.now();
    const watch = setInterval(() => SILENT_MS_MAX < Date.now() - this.heard && connection.abort(), 5_000);
    try {
      await this.read(connection.signal);
    } catch (error) {
      if (this.connection === connection && error instanceof Refused && error.status === 404) {
        this.stop();
        this.owner.gone();
      }
    } finally {
      clearInterval(watch);
    }
    // Another connection has taken over, or nobody listens any more.
    if (!this.open || this.connection !== connection) return;
    this.connection = null;
    this.owner.state(false);
    this.timer = window.setTimeout(() => this.connect(), backOff(this.tries++));
  }

  /** @param {AbortSignal} signal */
  async read(signal) {
    const headers = { accept: "text/event-stream", "last-event-id": String(this.owner.after()) };
    const response = await this.api.fetch("GET", this.api.of("/events"), { signal, headers });
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    const decoder = new TextDecoder();
    this.owner.state(true);
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.tries = 0;
      this.heard = Date.now();
      const parts = (text + decoder.decode(value, { stream: true })).split("\n\n");
      text = /** @type {string} */ (parts.pop());
      for (const part of parts) {
        const data = part.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim()).join("\n");
        if (data && !signal.aborted) this.owner.take(JSON.parse(data));
      }
    }
  }
}
