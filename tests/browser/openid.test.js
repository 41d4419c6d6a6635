// Signing in to the console by OpenID Connect: a real provider on another site, the real server, a real browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { IdentityProvider } from "./identity-provider.js";
import { DESKTOP, launch, PASSWORD, PHONE, pause, Server, Visitor } from "./support.js";

const SHOTS = process.env.SHOTS;
/** How long the server takes what it knows of a provider for true. */
const FOUND_MS = 11_000;

let server, browser, provider;
before(async () => {
  browser = await launch();
  const port = await Server.port();
  provider = await IdentityProvider.start(`http://127.0.0.1:${port}`);
  server = await Server.start({
    port,
    settings: [
      "[handoff]", 'queues = [{ id = "general", opens = "00:00", closes = "23:59:59", len_max = 30 }]',
      "[openid]", `issuer = "${provider.url}"`, 'client_id = "neuvo"', 'client_secret_file = "openid.secret"',
      `public_url = "http://127.0.0.1:${port}"`,
      'roles = [{ value = "chat-leads", role = "supervisor" }, { value = "chat-experts", role = "expert" }]',
    ],
    files: { "openid.secret": "a secret of the browser tests\n" },
  });
  server.account("outi", "Outi", "expert");
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await provider?.stop();
});

async function come(options = {}) {
  const visitor = await Visitor.come(browser, server, { ...DESKTOP, path: "/console", locale: "en-GB", ...options });
  visitor.expected.push(new RegExp(`^asked ${provider.url}$`));
  return visitor;
}

/** From the console to the provider, and back as somebody. */
async function enter(visitor, login) {
  await visitor.page.click("#openid");
  await visitor.page.fill('[name="login"]', login);
  await visitor.page.click("text=Enter");
}

const fault = (visitor) => visitor.page.locator(".fault").textContent();
/** Those of the console; the provider has its own. */
const cookies = async (visitor) => (await visitor.context.cookies()).filter(({ domain }) => domain === "127.0.0.1");
const shot = async (visitor, name) => SHOTS && visitor.page.screenshot({ path: `${SHOTS}/openid-${name}.png` });
const audit = async () => {
  const sari = await come();
  await enter(sari, "sari");
  await sari.page.waitForSelector("#waiting");
  await sari.page.goto(`${server.origin}/console/audit`);
  const rows = await sari.page.locator("tbody tr").evaluateAll((all) => all.map((row) => [...row.cells].slice(1, 3).map((cell) => cell.textContent).join(" ")));
  await sari.done();
  return rows;
};

test("an expert signs in at her organisation, out again, and out of the organisation", async () => {
  const aino = await come();
  await aino.accessible("sign in");
  await shot(aino, "1-sign-in");
  await enter(aino, "aino");
  await aino.page.waitForSelector("#waiting");
  assert.equal(await aino.page.locator(".who").textContent(), "Aino");
  await aino.accessible("signed in by the organisation");
  assert.deepEqual((await cookies(aino)).map(({ name, httpOnly, sameSite, path }) => [name, httpOnly, sameSite, path]), [["neuvo-console", true, "Strict", "/console"]]);

  await aino.page.click("text=Sign out");
  await aino.page.locator("text=You have signed out of the console.").waitFor();
  await aino.accessible("signed out");
  await shot(aino, "2-signed-out");
  await aino.page.goto(`${server.origin}/console`);
  await aino.page.waitForSelector("#password");

  // The provider still knows her, until she leaves it too.
  await aino.page.click("#openid");
  await aino.page.waitForSelector("#waiting");
  await aino.page.click("text=Sign out");
  await aino.page.click("text=Sign out there too");
  await aino.page.click("text=Leave");
  await aino.page.locator("text=You have left.").waitFor();
  await aino.page.goto(`${server.origin}/console`);
  await aino.page.click("#openid");
  await aino.page.waitForSelector('[name="login"]');
  await aino.done();
  const rows = await audit();
  for (const row of ["aino account-added", "aino signed-in", "aino signed-out"]) assert.ok(rows.includes(row), row);
});

for (const [size, options] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  test(`who has no role is refused, and may be somebody else, on a ${size}`, async () => {
    const visitor = await come(options);
    await enter(visitor, "eero");
    assert.match(await fault(visitor), /no access to the console/);
    await visitor.accessible("refused");
    await shot(visitor, `3-refused-${size}`);
    assert.deepEqual(await cookies(visitor), []);
    // The provider asks again who it is, and does not send the same person back.
    await enter(visitor, "aino");
    await visitor.page.waitForSelector("#waiting");
    await visitor.done();
  });
}

test("who thinks better of it at the provider is back at the door", async () => {
  const visitor = await come({ locale: "fi-FI" });
  await visitor.page.click("#openid");
  await visitor.page.click("text=Cancel");
  assert.equal(await fault(visitor), "Kirjautuminen peruttiin.");
  await visitor.accessible("cancelled");
  // The other way in is still there.
  await visitor.page.fill("#login", "outi");
  await visitor.page.fill("#password", PASSWORD);
  await visitor.page.click("form button.main");
  await visitor.page.waitForSelector("#waiting");
  await visitor.done();
});

test("a state that is not this browser's is refused, and so is a return that was used", async () => {
  const visitor = await come();
  const returned = [];
  visitor.page.on("request", (request) => request.url().includes("/console/openid/return") && returned.push(request.url()));
  const begun = await visitor.context.request.get(`${server.origin}/console/openid`, { maxRedirects: 0 });
  const address = begun.headers().location;
  assert.ok(address.startsWith(`${provider.url}/auth?`), address);
  await visitor.page.goto(address.replace("state=", "state=0"));
  await visitor.page.fill('[name="login"]', "aino");
  await visitor.page.click("text=Enter");
  assert.match(await fault(visitor), /interrupted or took too long/);
  await visitor.accessible("a stray return");
  // The cookie of the sign-in went with the refusal: the right address does not help any more.
  await visitor.page.goto(returned.at(-1).replace("state=0", "state="));
  assert.match(await fault(visitor), /interrupted or took too long/);
  await visitor.page.click("#openid");
  await visitor.page.waitForSelector("#waiting");
  await visitor.page.goto(returned.at(-1));
  assert.match(await fault(visitor), /interrupted or took too long/);
  await visitor.done();
});

test("who is disabled stays out", async () => {
  server.users("disable", "aino");
  const visitor = await come();
  await enter(visitor, "aino");
  assert.match(await fault(visitor), /account is disabled/);
  await visitor.accessible("disabled");
  server.users("disable", "aino", "--undo");
  await enter(visitor, "aino");
  await visitor.page.waitForSelector("#waiting");
  await visitor.done();
});

test("a provider that is down is told of, and passwords still open the door", async () => {
  const { home, port } = provider;
  await provider.stop();
  await pause(FOUND_MS);
  const visitor = await come();
  await visitor.page.click("#openid");
  assert.match(await fault(visitor), /does not answer now/);
  await visitor.accessible("the provider is down");
  await shot(visitor, "4-down");
  await visitor.page.fill("#login", "outi");
  await visitor.page.fill("#password", PASSWORD);
  await visitor.page.click("form button.main");
  await visitor.page.waitForSelector("#waiting");
  await visitor.done();
  // It is seen soon that it is back.
  provider = await IdentityProvider.start(home, port);
  await pause(FOUND_MS);
  const aino = await come();
  await enter(aino, "aino");
  await aino.page.waitForSelector("#waiting");
  await aino.done();
});
