// The real server with the real content, called by a gateway that signs with Twilio's own package.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import twilio from "twilio";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BINARY = process.env.NEUVO_BINARY || join(ROOT, "target/debug/neuvo");
const READY_MS_MAX = 600_000;
export const PUBLIC = "https://bot.example.fi";
export const TOKEN = "a-token-of-tests";
export const NUMBERS = { fi: "+358201234567", sv: "+358201234568", en: "+358201234569" };

/** A server on a port of its own, with conversations of its own; vectors are taken from where they are already. */
export class Server {
  static async start() {
    const server = new Server();
    server.port = await freePort();
    server.folder = mkdtempSync(join(tmpdir(), "neuvo-phone-"));
    for (const from of [join(ROOT, "target/browser"), join(ROOT, "data")]) {
      for (const file of existsSync(from) ? readdirSync(from) : []) {
        if (file.endsWith(".bin") || file.endsWith(".safetensors")) cpSync(join(from, file), join(server.folder, file), { force: false });
      }
    }
    writeFileSync(join(server.folder, "secret"), `${TOKEN}\n`);
    server.file = join(server.folder, "neuvo.toml");
    writeFileSync(server.file, [
      "[content]", `root = "${ROOT}"`, "[model]", `folder = "${join(ROOT, "models/multilingual-e5-small")}"`, "[data]", `folder = "${server.folder}"`,
      "[server]", `listen = "127.0.0.1:${server.port}"`,
      "[limits]", "request_seconds_max = 60",
      "[phone]", `public_url = "${PUBLIC}"`, "calls_max = 20", 'persons = [{ to = "+358401111111" }]',
      "[phone.numbers]", ...Object.entries(NUMBERS).map(([lang, number]) => `"${number}" = "${lang}"`),
      "[phone.twilio]", 'token_file = "secret"', 'mode = "turns"', "[phone.jambonz]", 'secret_file = "secret"', 'mode = "turns"', "",
    ].join("\n"));
    server.process = spawn(BINARY, ["--config", server.file, "serve"], { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, NEUVO_LOG: "error" } });
    for (const began = Date.now(); Date.now() - began < READY_MS_MAX; await pause(100)) {
      const ready = await fetch(`${server.origin}/readyz`).catch(() => null);
      if (ready?.ok) return server;
      assert.equal(server.process.exitCode, null, "the server ended");
    }
    assert.fail("the server is not ready in time");
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What a command of the program prints. */
  async print(...words) {
    const child = spawn(BINARY, ["--config", this.file, ...words], { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    child.stdout.on("data", (data) => (text += data));
    await once(child, "close");
    return text;
  }

  async stop() {
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
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

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** A call at Twilio: every request is signed by Twilio's own package. */
export class TwilioCall {
  constructor(server, sid, lang) {
    Object.assign(this, { server, sid, lang });
  }

  async send(path, fields = {}, token = TOKEN) {
    const params = { CallSid: this.sid, AccountSid: "AC1", From: "+358401234567", To: NUMBERS[this.lang], CallStatus: "in-progress", Direction: "inbound", ApiVersion: "2010-04-01", ...fields };
    const signature = twilio.getExpectedTwilioSignature(token, PUBLIC + path, params);
    return fetch(this.server.origin + path, { method: "POST", body: new URLSearchParams(params), headers: { "X-Twilio-Signature": signature } });
  }

  async post(path, fields) {
    const response = await this.send(path, fields);
    assert.equal(response.status, 200, path);
    return response.text();
  }
}

/** A call at jambonz, signed as its server does. */
export class JambonzCall {
  constructor(server, sid, lang) {
    Object.assign(this, { server, sid, lang });
  }

  async post(path, fields = {}) {
    const body = JSON.stringify({ call_sid: this.sid, direction: "inbound", from: "+358401234567", to: NUMBERS[this.lang], call_status: "in-progress", ...fields });
    const time = Math.floor(Date.now() / 1000);
    const v1 = createHmac("sha256", TOKEN).update(`${time}.${body}`).digest("hex");
    const response = await fetch(this.server.origin + path, { method: "POST", body, headers: { "content-type": "application/json", "Jambonz-Signature": `t=${time},v1=${v1}` } });
    assert.equal(response.status, 200, path);
    return response.json();
  }
}
