// How long people wait, at a quarter of this machine's speed, and what Lighthouse says of the sample page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import lighthouse from "lighthouse";
import { chromium } from "playwright-core";
import { DESKTOP, launch, Server, Visitor } from "./support.js";

const OPEN_MS_MAX = 200;
const ANSWER_MS_MAX = 100;
/** `NEUVO_STRICT=1` holds the whole to the bounds, on a quiet machine; else what the widget itself takes, with room for other work. */
const STRICT = Boolean(process.env.NEUVO_STRICT);
const SLACK = STRICT ? 1 : 3;
const ROUNDS_N = 15;

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Takes the time from an act to the frame after something is there. */
const timed = (page, act, there) => page.evaluate(async ([act, there]) => {
  const root = document.querySelector("neuvo-chat").shadowRoot;
  const holds = new Function("root", `return ${there}`);
  const began = performance.now();
  new Function("root", act)(root);
  while (!holds(root)) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}, [act, there]);

async function slowed() {
  // The test itself makes functions of text, which the pages' policy forbids.
  const visitor = await Visitor.come(browser, server, { ...DESKTOP, bypassCSP: true });
  await visitor.at(".launcher").waitFor();
  const session = await visitor.context.newCDPSession(visitor.page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  return visitor;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

test("the window is ready for typing soon after it is opened", async (t) => {
  const times = [];
  for (let n = 0; n < 5; n++) {
    const visitor = await slowed();
    times.push(await timed(visitor.page, 'root.querySelector(".launcher").click()', 'root.activeElement?.id === "question"'));
    await visitor.done();
  }
  t.diagnostic(`opened in ${times.map(Math.round)} ms`);
  assert.ok(median(times) <= OPEN_MS_MAX * SLACK, `${times}`);
});

test("an answer is painted soon after its question", async (t) => {
  const visitor = await slowed();
  await visitor.open();
  const whole = [];
  const served = [];
  for (let n = 0; n < ROUNDS_N; n++) {
    const act = `const area = root.querySelector("#question"); area.value = "miten haen asumistukea ${n}"; root.querySelector(".send").click()`;
    whole.push(await timed(visitor.page, act, `root.querySelectorAll(".turn.bot").length === ${n + 2}`));
    served.push(await visitor.page.evaluate(() => performance.getEntriesByType("resource").findLast((entry) => entry.name.endsWith("/messages")).duration));
  }
  const own = whole.map((ms, n) => ms - served[n]);
  t.diagnostic(`answered in ${whole.map(Math.round)} ms, median ${Math.round(median(whole))} ms, of which the server ${Math.round(median(served))} ms`);
  assert.ok(median(STRICT ? whole : own) <= ANSWER_MS_MAX * SLACK, `${whole} of which ${served}`);
  await visitor.done();
});

test("Lighthouse on the sample page", async (t) => {
  const port = 40_000 + Math.floor(Math.random() * 20_000);
  const own = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage", `--remote-debugging-port=${port}`] });
  try {
    const { lhr } = await lighthouse(`${server.origin}/demo`, { port, onlyCategories: ["accessibility", "performance", "best-practices"], logLevel: "error" });
    const scores = Object.fromEntries(Object.entries(lhr.categories).map(([name, { score }]) => [name, Math.round(100 * score)]));
    t.diagnostic(`Lighthouse ${lhr.lighthouseVersion}: ${JSON.stringify(scores)}`);
    assert.equal(scores.accessibility, 100);
    assert.ok(95 <= scores.performance, `performance ${scores.performance}`);
  } finally {
    await own.close();
  }
});
