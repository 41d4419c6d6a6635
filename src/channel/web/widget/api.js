const CALL_MS_MAX = 15_000;
const WAIT_MS_MAX = 30_000;

/** A refusal of the server, or no server at all (`status` 0). */
export class Refused extends Error {
  /** @param {number} status @param {string} code @param {number} [retryMs] */
  constructor(status, code, retryMs = 0) {
    super(code);
    this.status = status;
    this.code = code;
    this.retryMs = retryMs;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return this.status === 0 || this.status === 429 || 500 <= this.status;
  }
}

/** The server's API, with the secret of one conversation. */
export class Api {
  /** @param {string} origin */
  constructor(origin) {
    this.origin = origin;
    /** @type {{ id: string, secret: string } | null} */
    this.key = null;
  }

  /** A path of the conversation. @param {string} path */
  of(path) {
    return `/v1/conversations/${this.key?.id}${path}`;
  }

  /**
   * A request as JSON; gives the body, `null` where there is none.
   * @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>}
   */
  async call(method, path, body) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), CALL_MS_MAX);
    try {
      const response = await this.fetch(method, path, { body: body && JSON.stringify(body), signal: abort.signal });
      return response.status === 204 ? null : await response.json();
    } catch (error) {
      throw error instanceof Refused ? error : new Refused(0, "unreachable");
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * @param {string} method @param {string} path
   * @param {{ body?: string, signal: AbortSignal, headers?: Record<string, string> }} options
   */
  async fetch(method, path, { body, signal, headers = {} }) {
    if (this.key) headers.authorization = `Bearer ${this.key.secret}`;
    if (body) headers["content-type"] = "application/json";
    const response = await fetch(this.origin + path, {
      method, headers, body, signal, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer",
    });
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new Refused(response.status, problem.code || "", 1000 * Number(response.headers.get("retry-after") || 0));
  }
}

/** How long to wait before trying again for the `n`th time: twice as long each time, spread out, at most half a minute. @param {number} n */
export function backOff(n) {
  return Math.min(WAIT_MS_MAX, 500 * 2 ** n) * (0.5 + Math.random() / 2);
}
