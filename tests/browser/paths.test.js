// What citizens do, in three languages, at the size of a computer and of a phone; every state is held against axe.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { DESKTOP, launch, PHONE, QUESTIONS, Server, Visitor } from "./support.js";

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const PAGES = { fi: "/demo", sv: "/demo/sv", en: "/demo/en" };

for (const [size, options] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  for (const lang of ["fi", "sv", "en"]) {
    test(`a conversation on a ${size} in ${lang}`, async () => {
      const visitor = await Visitor.come(browser, server, { ...options, path: PAGES[lang] });
      const { page } = visitor;
      await visitor.at(".launcher").waitFor();
      await visitor.accessible("closed");
      await visitor.open();
      assert.equal(await visitor.at(".window").getAttribute("lang"), lang);
      await visitor.accessible("opened");

      const answer = await visitor.ask(QUESTIONS[lang]);
      await visitor.accessible("answered or asked back");
      await visitor.at(".chip").last().click();
      await visitor.at(".turn.bot .source").first().waitFor();
      const link = visitor.at(".source a").first();
      assert.equal(await link.getAttribute("target"), "_blank");
      assert.match(await link.textContent(), /uuteen välilehteen|ny flik|new tab/);
      assert.match(await visitor.at(".source").first().textContent(), /20\d\d/);
      assert.equal(await answer.getAttribute("lang"), lang);

      await visitor.at(".thumb").nth(1).click();
      await visitor.at(".word textarea").fill("soittakaa 040 123 4567");
      await visitor.accessible("asked for a word");
      await visitor.at(".word button").click();
      await visitor.at(".word").waitFor({ state: "detached" });
      await visitor.at(".helped .plain").click();
      await visitor.at(".helped .thumb").first().waitFor();

      await visitor.at(".bar .plain").first().click();
      assert.match(await visitor.at(".contact").textContent(), /020|09/);
      await visitor.accessible("how to reach a person");
      await page.keyboard.press("Escape");

      await visitor.at(".tool").first().click();
      await visitor.accessible("menu");
      await visitor.at("input[value=larger]").check();
      await visitor.accessible("large text");
      await visitor.at("input[value=normal]").check();
      const [download] = await Promise.all([page.waitForEvent("download"), visitor.at(".rows .wide").first().click()]);
      assert.match(await readFile(await download.path(), "utf8"), /kela\.fi/);

      await visitor.at(".rows .wide").nth(2).click();
      await visitor.at("input[name=sort]").first().waitFor();
      await visitor.at("form .primary").click();
      assert.notEqual(await visitor.at(".problem").textContent(), "");
      await visitor.accessible("feedback with a mistake");
      await visitor.at("input[value=praise]").check();
      await visitor.at("#feedback-words").fill("Hyvä! bra! good!");
      await visitor.at("input[type=checkbox]").check();
      await visitor.at("form .primary").click();
      await visitor.at(".main > .wide").waitFor();
      await visitor.accessible("ended");

      await visitor.at(".tool").first().click();
      await visitor.at(".danger").click();
      await visitor.accessible("about to delete");
      await visitor.at(".danger.filled").click();
      await visitor.at(".note").waitFor();
      await visitor.accessible("deleted");
      await visitor.done();
    });
  }
}

test("the language is switched in the middle, and stays", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  await visitor.ask("asumistuki");
  await visitor.at(".langs [data-lang=sv]").click();
  assert.equal(await visitor.at(".window").getAttribute("lang"), "sv");
  assert.match(await visitor.at("label[for=question]").textContent(), /Skriv/);
  await visitor.page.reload();
  await visitor.at(".window[open]").waitFor();
  assert.match(await visitor.at("label[for=question]").textContent(), /Skriv/);
  // A question in another language is answered in it, and the window follows.
  await visitor.ask(QUESTIONS.en);
  assert.equal(await visitor.at(".window").getAttribute("lang"), "en");
  await visitor.done();
});

test("nothing is stored before the widget is opened", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.at(".launcher").waitFor();
  const stored = () => visitor.page.evaluate(async () => ({
    cookies: document.cookie, local: localStorage.length, session: sessionStorage.length, databases: (await indexedDB.databases()).length,
  }));
  assert.deepEqual(await stored(), { cookies: "", local: 0, session: 0, databases: 0 });
  assert.deepEqual(await visitor.context.cookies(), []);
  await visitor.open();
  await visitor.ask("hei");
  const { session, ...rest } = await stored();
  assert.deepEqual(rest, { cookies: "", local: 0, databases: 0 });
  assert.ok(0 < session);
  await visitor.done();
});

test("an identity code is warned of while it is typed, and can be taken out", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  const codes = ["010190-999P", "010190A999K", "010190Y999K", "010101F9991", "01 01 90 - 9 9 9 P", "010190999K", "01.01.1990-999P", "01011990-999P", "131052+308T", "010190–999P"];
  for (const code of codes) {
    await visitor.at("#question").fill(`tunnukseni on ${code} kiitos`);
    await visitor.at(".warning .plain").waitFor({ timeout: 1_000 }).catch(() => assert.fail(code));
  }
  await visitor.accessible("warned");
  await visitor.at(".warning .plain").click();
  assert.equal(await visitor.at("#question").inputValue(), "tunnukseni on kiitos");
  for (const fine of ["vuokra 010190 euroa", "1.5.2026-2027", "lomake AT1", "soita 020 634 11", "päätös 1.1.2026 alkaen", "Y 1"]) {
    await visitor.at("#question").fill(fine);
    assert.equal(await visitor.at(".warning").textContent(), "", fine);
  }
  await visitor.done();
});

test("the counter shows near the limit, and too much is not sent", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  await visitor.at("#question").fill("a".repeat(1_700));
  assert.equal(await visitor.at("#count").textContent(), "");
  await visitor.at("#question").fill("a".repeat(1_999));
  assert.equal(await visitor.at("#count").textContent(), "1 merkki jäljellä");
  await visitor.at("#question").fill("a".repeat(2_003));
  await visitor.accessible("too long");
  await visitor.page.keyboard.press("Enter");
  assert.match(await visitor.at(".status").textContent(), /3 merkkiä liikaa/);
  assert.equal(await visitor.at(".turn.mine").count(), 0);
  await visitor.done();
});

test("a crisis is met with numbers to tap, 112 first", async () => {
  for (const options of [DESKTOP, PHONE]) {
    const visitor = await Visitor.come(browser, server, options);
    await visitor.open();
    await visitor.ask("en jaksa enää elää");
    assert.equal(await visitor.at(".call").first().getAttribute("href"), "tel:112");
    assert.ok(2 <= await visitor.at(".call").count());
    await visitor.accessible("crisis");
    await visitor.done();
  }
});

test("the conversation is printed from a page of its own", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  await visitor.ask(QUESTIONS.fi);
  await visitor.at(".tool").first().click();
  await visitor.at(".rows .wide").nth(1).click();
  const frame = visitor.page.frames().find((of) => of !== visitor.page.mainFrame());
  assert.match(await frame.locator("body").textContent(), /asumistukea/);
  await visitor.done();
});

test("the page of the conversation alone, and the statement", async () => {
  for (const options of [DESKTOP, PHONE]) {
    const visitor = await Visitor.come(browser, server, { ...options, path: "/" });
    await visitor.at("#question").waitFor();
    await visitor.accessible("only the conversation");
    await visitor.ask(QUESTIONS.sv);
    await visitor.accessible("answered");
    await visitor.done();
    const reader = await Visitor.come(browser, server, { ...options, path: "/accessibility" });
    await reader.accessible("the statement");
    await reader.done();
  }
});

test("pages of other sites may have it, if they are allowed", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  // A page of another origin, with a policy that allows this server only.
  const policy = `default-src 'none'; img-src data:; script-src ${server.origin}; connect-src ${server.origin}; require-trusted-types-for 'script'`;
  const host = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy });
    response.end(`<!DOCTYPE html><html lang="en"><title>host</title><link rel="icon" href="data:,"><script type="module" src="${server.origin}/widget.js" data-lang="sv"></script><h1>host</h1></html>`);
  }).listen(server.otherPort, "127.0.0.1");
  await page.goto(server.other);
  await page.locator("neuvo-chat .launcher").click({ timeout: 10_000 }).catch((error) => assert.fail(`${error.message} ${said}`));
  assert.equal(await page.locator("neuvo-chat .window").evaluate((node) => getComputedStyle(node).position), "fixed", "the styles are there");
  await page.locator("neuvo-chat #question").fill(QUESTIONS.sv);
  await page.keyboard.press("Enter");
  await page.locator("neuvo-chat .turn.bot").nth(1).waitFor();
  assert.deepEqual(said, []);
  const refused = await fetch(`${server.origin}/v1/widget/config`, { headers: { origin: "http://example.com" } });
  assert.equal(refused.headers.get("access-control-allow-origin"), null);
  await context.close();
  host.close();
});
