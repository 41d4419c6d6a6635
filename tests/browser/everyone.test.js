// Everyone: keyboard, screen reader, enlargement, forced colours, touch.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { DESKTOP, focused, launch, PHONE, QUESTIONS, Server, Visitor } from "./support.js";

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A fixed answer, so that what is tested does not change with the content. */
async function fix(page) {
  // The stream would bring the real answer.
  await page.route("**/events", () => {});
  await page.route("**/messages", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    Object.assign(body.reply, {
      outcome: "answer", lang: "fi", choices: [], next: [{ topic: "a.b", title: "Miten haen?" }],
      text: "Voit saada tukea.", markdown: "Voit saada tukea.\n\n## Tulot\n\n- Palkka\n- Muut tulot",
      citation: { topic: "a.b", title: "Kuka voi saada", url: "https://www.kela.fi/a", checked: "2026-05-24", version: "x" },
    });
    await route.fulfill({ response, json: body });
  });
}

test("a whole conversation by keyboard alone", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  const { page } = visitor;
  await fix(page);
  await visitor.at(".launcher").waitFor();
  await visitor.at(".launcher").focus();
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "question");
  await page.keyboard.type("saanko tukea");
  await page.keyboard.press("Enter");
  await visitor.at(".turn.bot .source").waitFor();
  assert.equal(await focused(page), "question", "a new message does not take the focus");
  const seen = [];
  for (let n = 0; n < 14; n++) {
    await page.keyboard.press("Shift+Tab");
    seen.push(await focused(page));
  }
  for (const part of ["plain", "thumb", "chip", "reel", "tool"]) assert.ok(seen.includes(part), `${part} in ${seen}`);
  await visitor.at(".thumb").first().focus();
  await page.keyboard.press("Space");
  await visitor.at(".word textarea").waitFor();
  assert.match(await focused(page), /^word-/);
  await visitor.at(".tool").first().focus();
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "h2");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "tool");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "launcher");
  assert.equal(await visitor.at(".window").isVisible(), false);
  await visitor.done();
});

test("the page behind can be reached beside the window, and not through it on a phone", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  assert.equal(await visitor.page.evaluate(() => document.querySelector("neuvo-chat").shadowRoot.querySelector("dialog").matches(":modal")), false);
  await visitor.page.locator(".button").focus();
  assert.equal(await focused(visitor.page), "button");
  await visitor.page.keyboard.press("Escape");
  assert.equal(await visitor.at(".window").isVisible(), false);
  await visitor.done();
  const phone = await Visitor.come(browser, server, PHONE);
  await phone.open();
  assert.equal(await phone.page.evaluate(() => document.querySelector("neuvo-chat").shadowRoot.querySelector("dialog").matches(":modal")), true);
  await phone.done();
});

test("the conversation as a screen reader gets it", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await fix(visitor.page);
  await visitor.open();
  await visitor.ask("saanko tukea");
  const tree = (await visitor.at(".window").ariaSnapshot()).replace(/(?<![\d.])\d\d?\.\d\d(?![\d.])/g, "hh.mm").concat("\n");
  const file = new URL("conversation.aria.yml", import.meta.url);
  if (process.env.UPDATE) writeFileSync(file, tree);
  assert.equal(tree, readFileSync(file, "utf8"), "UPDATE=1 writes it anew");
  await visitor.done();
});

test("only what is new is announced", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  await visitor.ask("hei");
  const log = visitor.at("[role=log]");
  assert.equal(await log.getAttribute("aria-live"), "polite");
  assert.equal(await log.locator(".turn").count(), 2, "the greeting stands before the log");
  assert.equal(await visitor.at("[role=status]").count(), 1);
  assert.equal(await log.locator("[role=status]").count(), 0);
  await visitor.done();
});

test("who reads back is not pulled away; a button tells of new messages", async () => {
  const visitor = await Visitor.come(browser, server, DESKTOP);
  await visitor.open();
  for (const text of [QUESTIONS.fi, "asumistuki", "opintoraha"]) await visitor.ask(text);
  const reel = visitor.at(".reel");
  await reel.evaluate((node) => { node.scrollTop = 0; });
  const { id, secret } = await visitor.page.evaluate(() => JSON.parse(sessionStorage.getItem("neuvo-chat")).key);
  await fetch(`${server.origin}/v1/conversations/${id}/messages`, {
    method: "POST", headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify({ id: crypto.randomUUID(), text: "toisesta paikasta" }),
  });
  await visitor.at(".turn.bot").nth(4).waitFor({ state: "attached" });
  await visitor.at(".fresh").waitFor();
  assert.equal(await visitor.at(".fresh").textContent(), "1 uusi viesti");
  assert.equal(await reel.evaluate((node) => node.scrollTop), 0);
  await visitor.accessible("new messages");
  await visitor.at(".fresh").click();
  await visitor.at(".fresh").waitFor({ state: "hidden" });
  await visitor.done();
});

test("forced colours and dark mode", async () => {
  for (const mode of [{ forcedColors: "active" }, { colorScheme: "dark" }]) {
    const visitor = await Visitor.come(browser, server, { ...DESKTOP, ...mode });
    await visitor.accessible("closed");
    await visitor.open();
    await visitor.ask(QUESTIONS.fi);
    await visitor.accessible("answered");
    await visitor.ask("en jaksa enää elää");
    await visitor.accessible("crisis");
    await visitor.at(".tool").first().click();
    await visitor.accessible("menu");
    await visitor.done();
  }
});

test("nothing is cut off at 320 pixels and at 400 per cent", async () => {
  for (const viewport of [{ width: 320, height: 640 }, { width: 320, height: 256 }]) {
    for (const path of ["/demo", "/", "/accessibility"]) {
      const visitor = await Visitor.come(browser, server, { viewport, path });
      if (path === "/demo") await visitor.open();
      if (path !== "/accessibility") {
        await visitor.ask(QUESTIONS.fi);
        await visitor.at(".tool").first().click();
        await visitor.at("input[value=larger]").check();
        await visitor.at(".back").click();
        const wide = await visitor.page.evaluate(() => {
          const root = document.querySelector("neuvo-chat").shadowRoot;
          const parts = [...root.querySelectorAll("*")].filter((part) => part.checkVisibility() && !part.matches(".away, svg, svg *, iframe"));
          return parts.filter((part) => part.getBoundingClientRect().right > innerWidth + 1).map((part) => part.className || part.localName);
        });
        assert.deepEqual(wide, [], `${path} at ${viewport.height}`);
        // The input can be brought into view and is not hidden by anything.
        await visitor.at("#question").scrollIntoViewIfNeeded();
        await visitor.at("#question").click();
        await visitor.accessible(`enlarged at ${viewport.height}`);
      }
      const pageWide = await visitor.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(pageWide, false, path);
      await visitor.done();
    }
  }
});

test("what is tapped is large enough: 44 pixels by touch", async () => {
  const visitor = await Visitor.come(browser, server, PHONE);
  await visitor.open();
  await visitor.ask(QUESTIONS.fi);
  const measure = () => visitor.page.evaluate(() => {
    const root = document.querySelector("neuvo-chat").shadowRoot;
    const targets = [...root.querySelectorAll("button, textarea, select, .option, .call")].filter((target) => target.checkVisibility() && target.getBoundingClientRect().width);
    return targets.map((target) => ({ name: target.className || target.textContent, ...target.getBoundingClientRect().toJSON() })).filter(({ width, height }) => width < 43.9 || height < 43.9)
      .map(({ name, width, height }) => `${name} ${width}×${height}`);
  });
  assert.deepEqual(await measure(), []);
  await visitor.at(".tool").first().click();
  assert.deepEqual(await measure(), []);
  await visitor.done();
});
