// A real server, a real browser, and what every page must keep: no other origin, no policy breach, no error.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BINARY = process.env.NEUVO_BINARY || join(ROOT, "target/debug/neuvo");
const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const READY_MS_MAX = 600_000;

export const PASSWORD = "oikea hevonen paristo";
export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const QUESTIONS = {
  fi: "Saanko asumistukea, jos olen töissä?",
  sv: "Hur ansöker jag om bostadsbidrag?",
  en: "How do I apply for housing allowance?",
};

/** A server on a port of its own, with conversations of its own; vectors and what was learnt are taken from where they are already. */
export class Server {
  /** `settings` are added to the configuration; `day` is the one on which it is answered. */
  static async start({ settings = [], day, files = {}, port } = {}) {
    const server = new Server();
    server.day = day;
    [server.port, server.otherPort] = [port ?? await freePort(), await freePort()];
    server.folder = mkdtempSync(join(tmpdir(), "neuvo-browser-"));
    const cache = join(ROOT, "target/browser");
    mkdirSync(cache, { recursive: true });
    const isKept = (file) => /\.(bin|safetensors)$/.test(file);
    for (const from of [cache, join(ROOT, "data")]) {
      for (const file of existsSync(from) ? readdirSync(from) : []) {
        if (isKept(file)) cpSync(join(from, file), join(server.folder, file), { force: false });
      }
    }
    writeFileSync(join(server.folder, "neuvo.toml"), [
      "[content]", `root = "${ROOT}"`, "[model]", `folder = "${join(ROOT, "models/multilingual-e5-small")}"`, "[data]", `folder = "${server.folder}"`,
      "[server]", `listen = "127.0.0.1:${server.port}"`, `allowed_origins = ["${server.other}"]`,
      "[limits]", "requests_burst_max = 100000", "requests_per_minute_max = 1000000", ...settings.map((line) => line.replaceAll("FOLDER", server.folder)), "",
    ].join("\n"));
    for (const [name, text] of Object.entries({ "callback.key": "0f".repeat(32), ...files })) writeFileSync(join(server.folder, name), text);
    await server.run();
    for (const file of readdirSync(server.folder)) if (isKept(file)) cpSync(join(server.folder, file), join(cache, file));
    return server;
  }

  /** A port for a server that others must know before it starts. */
  static port() {
    return freePort();
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Another site, whose pages may have the widget. */
  get other() {
    return `http://127.0.0.1:${this.otherPort}`;
  }

  async run() {
    this.process = spawn(BINARY, ["--config", join(this.folder, "neuvo.toml"), ...(this.day ? ["--at", this.day] : []), "serve"], { stdio: "ignore", env: { ...process.env, NEUVO_LOG: "error" } });
    for (const began = Date.now(); Date.now() - began < READY_MS_MAX; await pause(100)) {
      const ready = await fetch(`${this.origin}/readyz`).catch(() => null);
      if (ready?.ok) return;
      assert.equal(this.process.exitCode, null, "the server ended");
    }
    assert.fail("the server is not ready in time");
  }

  /** An account of the console. */
  account(login, name, role) {
    this.users("add", login, "--name", name, "--role", role, "--password-stdin");
  }

  /** `neuvo users …` beside the server. */
  users(...words) {
    execFileSync(BINARY, ["--config", join(this.folder, "neuvo.toml"), "users", ...words], { input: PASSWORD });
  }

  async kill(signal = "SIGKILL") {
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }

  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** A citizen's browser on one page. Breaches of what must always hold are collected and end the test in `done`. */
export class Visitor {
  static async come(browser, server, { path = "/demo", expected = [], ...options } = {}) {
    const visitor = new Visitor();
    visitor.server = server;
    visitor.breaches = [];
    visitor.expected = expected;
    visitor.context = await browser.newContext({ reducedMotion: "reduce", locale: "fi-FI", ...options });
    visitor.context.setDefaultTimeout(20_000);
    visitor.page = await visitor.tab(path);
    return visitor;
  }

  async tab(path) {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.breaches.push(`error: ${error.message}`));
    page.on("console", (message) => message.type() === "error" && this.breaches.push(`console: ${message.text()}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["data:", "blob:", "about:"].includes(url.protocol) && url.origin !== this.server.origin) this.breaches.push(`asked ${url.origin}`);
    });
    await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (breach) => console.error(`policy: ${breach.violatedDirective} ${breach.blockedURI}`)));
    await page.goto(this.server.origin + path);
    return page;
  }

  /** A part of the widget. */
  at(selector, page = this.page) {
    return page.locator(`neuvo-chat ${selector}`);
  }

  async open(page = this.page) {
    await this.at(".launcher", page).click();
    await this.at("#question", page).waitFor();
  }

  /** Asks and waits for the reply. */
  async ask(text, page = this.page) {
    const replies = this.at(".turn.bot", page);
    const before = await replies.count();
    await this.at("#question", page).fill(text);
    await page.keyboard.press("Enter");
    await replies.nth(before).waitFor();
    return replies.nth(before);
  }

  /** Events of the conversation as the server has them. */
  async transcript() {
    const { id, secret } = await this.page.evaluate(() => JSON.parse(sessionStorage.getItem("neuvo-chat")).key);
    const response = await fetch(`${this.server.origin}/v1/conversations/${id}/transcript`, { headers: { authorization: `Bearer ${secret}` } });
    return response.status === 200 ? (await response.json()).events : response.status;
  }

  /** No finding of axe, best practices among them. */
  async accessible(state, page = this.page) {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
    assert.deepEqual(found, [], state);
  }

  async done() {
    await this.context.close();
    const unexpected = this.breaches.filter((breach) => !this.expected.some((pattern) => pattern.test(breach)));
    assert.deepEqual(unexpected, []);
  }
}

/** Which element has the focus, looking into the widget. */
export const focused = (page) => page.evaluate(() => {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active?.id || active?.className || active?.localName;
});
