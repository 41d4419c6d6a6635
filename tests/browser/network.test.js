// Never losing a word: networks that fail, servers that die, tabs that reload and pages that sleep.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESKTOP, launch, pause, PHONE, QUESTIONS, Server, Visitor } from "./support.js";

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const FAILED = [/Failed to load resource/, /ERR_/];
const messages = (events) => events.filter((event) => event.kind === "message").map((event) => event.text);

test("what is written without a network is sent once when it is back", async () => {
  for (const options of [DESKTOP, PHONE]) {
    const visitor = await Visitor.come(browser, server, { ...options, expected: FAILED });
    await visitor.open();
    await visitor.ask("hei");
    await visitor.context.setOffline(true);
    await visitor.at("#question").fill("miten haen lapsilisää");
    await visitor.page.keyboard.press("Enter");
    await visitor.at(".turn.waiting").waitFor();
    await visitor.at(".down").waitFor();
    assert.match(await visitor.at(".status").textContent(), /Verkkoyhteys puuttuu/);
    await visitor.accessible("offline");
    await visitor.context.setOffline(false);
    await visitor.at(".turn.bot .source, .turn.bot .chips").nth(1).waitFor();
    assert.equal(await visitor.at(".turn.waiting").count(), 0);
    assert.deepEqual(messages(await visitor.transcript()), ["hei", "miten haen lapsilisää"]);
    await visitor.done();
  }
});

test("a reply that is lost on its way is fetched, and the message is not sent twice", async () => {
  const visitor = await Visitor.come(browser, server, { ...DESKTOP, expected: FAILED });
  await visitor.open();
  let lost = 0;
  await visitor.page.route("**/messages", async (route) => {
    if (lost++) return route.continue();
    await route.fetch();
    return route.abort("connectionreset");
  });
  await visitor.ask(QUESTIONS.fi);
  await pause(3_000);
  assert.equal(await visitor.at(".turn.mine").count(), 1);
  assert.deepEqual(messages(await visitor.transcript()), [QUESTIONS.fi]);
  await visitor.done();
});

test("a server that is killed in the middle of a message answers it when it is back", async () => {
  const visitor = await Visitor.come(browser, server, { ...DESKTOP, expected: FAILED });
  await visitor.open();
  await visitor.ask("hei");
  const held = new Promise((begun) => visitor.page.route("**/messages", async (route) => {
    begun(route);
  }, { times: 1 }));
  await visitor.at("#question").fill(QUESTIONS.fi);
  await visitor.page.keyboard.press("Enter");
  const route = await held;
  await server.kill("SIGKILL");
  await route.continue();
  await visitor.at(".turn.waiting").waitFor();
  await visitor.at(".status.trouble").waitFor();
  await visitor.accessible("the server is gone");
  // A reload meanwhile loses nothing: what is not sent is still there. The page itself comes from another server in real life.
  await server.run();
  await visitor.page.reload();
  await visitor.at(".turn.bot").nth(2).waitFor({ timeout: 60_000 });
  assert.deepEqual(messages(await visitor.transcript()), ["hei", QUESTIONS.fi]);
  assert.equal(await visitor.at(".turn.mine").count(), 2);
  await visitor.done();
});

test("where the service is down the widget opens, says so, and shows phone numbers", async () => {
  for (const lang of ["fi", "sv", "en"]) {
    const visitor = await Visitor.come(browser, server, { ...PHONE, path: lang === "fi" ? "/demo" : `/demo/${lang}`, expected: FAILED });
    await visitor.page.route("**/v1/**", (route) => route.abort("connectionrefused"));
    await visitor.open();
    await visitor.at(".down").waitFor();
    assert.match(await visitor.at(".down").textContent(), /020 634/);
    assert.match(await visitor.at(".status").textContent(), /ei juuri nyt vastaa|svarar inte|not answering/);
    await visitor.accessible(`down in ${lang}`);
    await visitor.page.unroute("**/v1/**");
    await visitor.at(".down").waitFor({ state: "hidden", timeout: 60_000 });
    await visitor.ask(QUESTIONS[lang]);
    await visitor.done();
  }
});

test("a reload shows the conversation again, announces nothing and leaves the focus alone", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  await visitor.ask(QUESTIONS.fi);
  await visitor.page.reload();
  await visitor.at(".turn.mine").waitFor();
  assert.equal(await visitor.at(".turn.mine").count(), 1);
  assert.equal(await visitor.page.evaluate(() => document.activeElement?.localName), "body");
  await visitor.ask("miten haen");
  assert.equal(messages(await visitor.transcript()).length, 2);
  await visitor.done();
});

test("a second tab follows the first", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  await visitor.ask(QUESTIONS.fi);
  const second = await visitor.tab("/demo");
  await visitor.open(second);
  await visitor.at(".turn.mine", second).waitFor();
  await visitor.at("#question", second).fill("entä opintotuki");
  await second.keyboard.press("Enter");
  await visitor.at(".turn.mine").nth(1).waitFor();
  await visitor.at(".turn.bot").nth(2).waitFor();
  assert.equal(messages(await visitor.transcript()).length, 2);
  await visitor.at(".tool", second).first().click();
  await visitor.at(".danger", second).click();
  await visitor.at(".danger.filled", second).click();
  await visitor.at(".note").waitFor();
  assert.equal(await visitor.at(".turn.mine").count(), 0);
  await visitor.done();
});

test("a conversation that was deleted elsewhere begins anew with the message that was on its way", async () => {
  const visitor = await Visitor.come(browser, server, { ...DESKTOP, expected: FAILED });
  await visitor.open();
  await visitor.ask("hei");
  const { id, secret } = await visitor.page.evaluate(() => JSON.parse(sessionStorage.getItem("neuvo-chat")).key);
  await fetch(`${server.origin}/v1/conversations/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${secret}` } });
  await visitor.at(".note").waitFor();
  await visitor.ask(QUESTIONS.fi);
  assert.deepEqual(messages(await visitor.transcript()), [QUESTIONS.fi]);
  await visitor.done();
});

test("many messages written at once are answered in order, each once", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  const said = ["hei", "asumistuki", "opintotuki", "lapsilisä", "eläke"];
  for (const text of said) {
    await visitor.at("#question").fill(text);
    await visitor.page.keyboard.press("Enter");
  }
  await visitor.at(".turn.bot").nth(said.length).waitFor();
  assert.deepEqual(messages(await visitor.transcript()), said);
  const shown = await visitor.at(".turn.mine .words").allTextContents();
  assert.deepEqual(shown, said);
  await visitor.done();
});
