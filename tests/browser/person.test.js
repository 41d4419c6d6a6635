// A person in the conversation, told by simulated events; `person-real.test.js` plays both sides. Where nobody is, nothing of it is shown.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESKTOP, launch, PHONE, Server, Visitor } from "./support.js";

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const at = "2026-11-22T08:00:00Z";
/** A server that has people: announces them, and tells these events after the first three of the conversation. */
async function staff(page, events) {
  await page.route("**/v1/widget/config*", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), features: { handoff: true, callback: true } } });
  });
  const asked = [];
  let called = false;
  await page.route("**/handoff", (route) => {
    asked.push(route.request().method());
    called = true;
    return route.fulfill({ status: 204, body: "" });
  });
  await page.route("**/events", async (route) => {
    if (!called) return new Promise(() => {});
    const after = Number(route.request().headers()["last-event-id"]);
    const told = events.map((event, n) => ({ seq: 4 + n, at, ...event })).filter((event) => after < event.seq);
    const body = told.map((event) => `id: ${event.seq}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`).join("");
    await route.fulfill({ status: 200, contentType: "text/event-stream", body });
  });
  return asked;
}

test("nothing of a person's part is shown while the server does not announce it", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  await visitor.at(".bar .plain").first().click();
  await visitor.at(".contact").waitFor();
  assert.equal(await visitor.at(".sheet .wide").count(), 0);
  await visitor.done();
});

for (const [size, options] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  test(`asking for a person, waiting and talking on a ${size}`, async () => {
    const visitor = await Visitor.come(browser, server, { ...options, path: "/demo/en" });
    const asked = await staff(visitor.page, [
      { kind: "handoff", state: "requested", position: null, estimate_minutes: null, expert: null },
      { kind: "handoff", state: "queued", position: 2, estimate_minutes: 1, expert: null },
      { kind: "something-new", text: "of which this widget knows nothing" },
      { kind: "handoff", state: "claimed", position: null, estimate_minutes: null, expert: "Aino" },
      { kind: "expert", text: "Hello, how can I help?", name: "Aino" },
      { kind: "handoff", state: "returned", position: null, estimate_minutes: null, expert: null },
    ]);
    await visitor.open();
    await visitor.ask("hello");
    await visitor.at(".bar .plain").first().click();
    await visitor.accessible("a person can be asked for");
    await visitor.at(".sheet .primary").click();
    await visitor.page.evaluate(() => window.dispatchEvent(new Event("online")));
    await visitor.at(".expert").waitFor({ timeout: 60_000 });
    const notes = await visitor.at(".note").allTextContents();
    assert.deepEqual(notes, [
      "I am asking a service adviser to join.",
      "You are waiting for a service adviser. You are number 2 in the queue. The wait is about 1 minute.",
      "Aino, a service adviser, is answering you now.",
      "The service adviser has left. The bot goes on.",
    ]);
    assert.match(await visitor.at(".expert").textContent(), /Aino, service adviser.*Hello, how can I help/s);
    assert.deepEqual(asked, ["POST"]);
    await visitor.accessible("talked with a person");
    await visitor.done();
  });
}

test("leaving the queue", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  const asked = await staff(visitor.page, [{ kind: "handoff", state: "queued", position: 1, estimate_minutes: 12 }]);
  await visitor.open();
  await visitor.ask("hei");
  await visitor.at(".bar .plain").first().click();
  await visitor.at(".sheet .primary").click();
  await visitor.page.evaluate(() => window.dispatchEvent(new Event("online")));
  const leave = visitor.at(".bar .plain").nth(1);
  await leave.waitFor({ timeout: 60_000 });
  assert.match(await visitor.at(".note").first().textContent(), /sijalla 1.*noin 12 minuuttia/);
  await visitor.accessible("in the queue");
  await leave.click();
  await visitor.page.waitForFunction(() => document.querySelector("neuvo-chat").shadowRoot.activeElement?.id === "question");
  assert.deepEqual(asked, ["POST", "DELETE"]);
  await visitor.done();
});
