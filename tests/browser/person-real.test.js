// A citizen and experts in browsers of their own against the real server: handed over, talked, passed on, closed; called back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { contactCentre } from "./contact-centre.js";
import { DESKTOP, launch, PASSWORD, PHONE, pause, Server, Visitor } from "./support.js";

const STORY = "Mulla on skitsofrenia ja en osaa näitä lappuja. Vuokraa on rästissä viis kuukautta ja sähköt on katkastu, edunvalvojaa haettiin mutta mitään ei oo kuulunu.";
/** A Monday: queues are open on weekdays. */
const DAY = "2026-11-23";
const QUEUES = ["[handoff]", 'queues = [{ id = "general", opens = "00:00", closes = "23:59:59", len_max = 30 }]'];
const CALLS = ["[callback]", 'key_file = "FOLDER/callback.key"', "[callback.hours]", 'opens = "00:00:00"', 'closes = "23:59:00"', "slot_minutes = 30"];
const SHOTS = process.env.SHOTS;

let server, browser;
before(async () => {
  [server, browser] = await Promise.all([Server.start({ settings: [...QUEUES, ...CALLS], day: DAY }), launch()]);
  for (const [login, name, role] of [["aino", "Aino", "expert"], ["olli", "Olli", "expert"], ["sari", "Sari", "supervisor"]]) server.account(login, name, role);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Somebody at the console. */
async function colleague(login, options = DESKTOP) {
  const visitor = await Visitor.come(browser, server, { ...options, path: "/console" });
  await visitor.accessible("sign in");
  await visitor.page.fill("#login", login);
  await visitor.page.fill("#password", PASSWORD);
  await visitor.page.click("main button");
  await visitor.page.waitForSelector("#waiting");
  return visitor;
}

const shot = async (visitor, name) => SHOTS && visitor.page.screenshot({ path: `${SHOTS}/${name}.png` });
const line = (visitor, text) => visitor.page.locator("#log .line", { hasText: text });

test("a hard story is handed over, talked about, passed on and closed", async () => {
  const citizen = await Visitor.come(browser, server, PHONE);
  await citizen.open();
  await citizen.ask(STORY);
  const queued = citizen.at(".note").filter({ hasText: "jonossa sijalla 1" });
  await queued.waitFor();
  await citizen.accessible("in the queue");
  await shot(citizen, "1-queued");

  const aino = await colleague("aino");
  await aino.page.click("text=Otan uusia keskusteluja");
  await aino.page.waitForSelector('[data-occasion="supported"]');
  const why = await aino.page.locator(".ticket .soft").first().innerText();
  assert.match(why, /^tuettava arki, /, "the reasons are told");
  assert.doesNotMatch(why, /illness|debts|duration|authorities/, "in the expert's language");
  await aino.accessible("the queue with somebody waiting");
  await shot(aino, "2-queue");
  await aino.page.click(".ticket button.main");
  await line(aino, "skitsofrenia").waitFor();
  await aino.accessible("a conversation");
  await shot(aino, "3-conversation");
  await citizen.at(".note").filter({ hasText: "Aino" }).waitFor();

  // Each sees that the other writes.
  await aino.page.locator("#text").pressSequentially("Hei, luin mitä kerroit.");
  await citizen.at(".status").filter({ hasText: "kirjoittaa" }).waitFor();
  await aino.page.keyboard.press("Control+Enter");
  await citizen.at(".expert").filter({ hasText: "luin mitä kerroit" }).waitFor();
  await line(aino, "luin mitä kerroit").waitFor();
  await citizen.at("#question").pressSequentially("Kiitos, ");
  await aino.page.locator("#typing", { hasText: "kirjoittaa" }).waitFor();
  await citizen.at("#question").fill("Kiitos, vuokra pelottaa eniten. Tunnus 010190-999P");
  await citizen.page.keyboard.press("Enter");
  await line(aino, "vuokra pelottaa").locator("mark").waitFor();
  assert.equal(await citizen.at(".turn.bot").count(), 2, "the bot is silent");
  await citizen.accessible("talking with a person");
  await shot(citizen, "4-talking");

  // A note for colleagues, and a partner's card that the citizen agrees to.
  await aino.page.fill("#note", "Vuokrarästi ensin, sitten sähköt.");
  await aino.page.click('form[action$="/note"] button');
  await aino.page.locator("#notes .note", { hasText: "Vuokrarästi" }).waitFor();
  await aino.page.selectOption("#partner", "partner-wellbeing-county");
  await aino.page.click('form[action$="/card"] button');
  await citizen.at(".turn.bot").filter({ hasText: "yhteystiedot?" }).locator(".chip").first().waitFor();
  await citizen.accessible("asked whether a card may be shown");
  await shot(citizen, "5-card-offered");
  await citizen.at(".turn.bot").filter({ hasText: "yhteystiedot?" }).locator(".chip").first().click();
  await citizen.at('.turn.bot a[href="https://stm.fi/hyvinvointialueet"]').waitFor();
  await citizen.accessible("a partner's card");
  await line(aino, "stm.fi").waitFor();
  await shot(aino, "6-card-shown");

  // Passed on: the colleague sees everything, the note too, and closes.
  const olli = await colleague("olli", PHONE);
  await aino.page.selectOption("#to", { label: "Olli" });
  await aino.page.click('form[action$="/pass"] button');
  await aino.page.waitForSelector("#waiting");
  await olli.page.click(".ticket a.main");
  await olli.page.locator("#notes .note", { hasText: "Vuokrarästi" }).waitFor();
  await line(olli, "vuokra pelottaa").waitFor();
  await olli.accessible("a conversation on a phone");
  await shot(olli, "7-colleague");
  await olli.page.fill("#text", "Olli tässä. Soitan vuokranantajalle huomenna.");
  await olli.page.click("#send");
  await citizen.at(".expert").filter({ hasText: "Olli" }).waitFor();
  await olli.page.selectOption("#resolution", "advised");
  await olli.page.click('form[action$="/end"] button');
  await olli.page.waitForSelector("#waiting");
  await citizen.at(".note").filter({ hasText: "päätti keskustelun" }).waitFor();
  await citizen.ask("Saanko asumistukea, jos olen töissä?");
  await citizen.accessible("closed, and the bot answers");
  await shot(citizen, "8-closed");
  const events = await citizen.transcript();
  assert.ok(!JSON.stringify(events).includes("Vuokrarästi ensin"), "notes are not the citizen's to read");
  assert.deepEqual(events.map((event) => event.seq), events.map((_, n) => n + 1));

  const sari = await colleague("sari");
  for (const page of ["floor", "audit", "letters", "calls"]) {
    await sari.page.goto(`${server.origin}/console/${page}`);
    await sari.accessible(page);
    await shot(sari, `9-${page}`);
  }
  for (const visitor of [citizen, aino, olli, sari]) await visitor.done();
});

test("a call back is asked for, changed, cancelled and made", async () => {
  const citizen = await Visitor.come(browser, server, { ...PHONE, expected: [/status of 4(04|22)/] });
  await citizen.open();
  const form = async () => {
    await citizen.at(".bar .plain").first().click();
    await citizen.at(".sheet .wide").filter({ hasText: "Pyydä soittoa" }).click();
    await citizen.at("#callback-number").waitFor();
  };
  await form();
  await citizen.accessible("asking for a call");
  await citizen.at("#callback-number").fill("kissa");
  await citizen.at("form .primary").click();
  await citizen.at("#callback-problem").filter({ hasText: "Tarkista puhelinnumero" }).waitFor();
  await citizen.accessible("a wrong number");
  await citizen.at("#callback-number").fill("040 123 4567");
  await citizen.at("input[value=sv]").check();
  await citizen.at("#callback-topic").fill("asumistuki");
  await shot(citizen, "10-call-form");
  await citizen.at("form .primary").click();
  await citizen.at(".note").filter({ hasText: "vastaanotettu" }).waitFor();
  await form();
  await citizen.at(".sheet").filter({ hasText: "Sinulle soitetaan" }).waitFor();
  await citizen.accessible("a call that was asked for");
  await citizen.at(".sheet .wide").filter({ hasText: "Peru soittopyyntö" }).click();
  await citizen.at(".note").filter({ hasText: "peruttu" }).waitFor();
  await form();
  await citizen.at("#callback-number").fill("040 123 4567");
  await citizen.at("form .primary").click();
  await citizen.at(".note").filter({ hasText: "vastaanotettu" }).last().waitFor();

  const aino = await colleague("aino");
  await aino.page.goto(`${server.origin}/console/calls`);
  await aino.accessible("the calls");
  await aino.page.click(".ticket button.main");
  await aino.page.locator('a[href="tel:+358401234567"]').waitFor();
  await aino.accessible("one call");
  await shot(aino, "11-call");
  await aino.page.click("text=Soitettu");
  await aino.page.locator("text=Ei soittopyyntöjä.").waitFor();
  for (const visitor of [citizen, aino]) await visitor.done();
});

test("another contact centre is the human side", async () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
  const token = "0123456789abcdef0123456789abcdef";
  const told = [];
  const options = { neuvo: "", token, secret, told: ({ event }) => told.push(event.state ?? event.kind) };
  const centre = contactCentre(options);
  await new Promise((done) => centre.listen(0, "127.0.0.1", done));
  const staffed = await Server.start({ settings: [
    ...QUEUES, "[contact_centre]", `webhook_url = "http://127.0.0.1:${centre.address().port}/"`, 'secret_file = "FOLDER/secret"', 'token_file = "FOLDER/token"',
  ], day: DAY, files: { secret, token } });
  options.neuvo = staffed.origin;
  try {
    staffed.account("contact-centre", "Keskus", "expert");
    const citizen = await Visitor.come(browser, staffed, DESKTOP);
    await citizen.open();
    await citizen.ask("hei");
    await citizen.at(".bar .plain").first().click();
    await citizen.at(".sheet .primary").click();
    await citizen.at(".expert").filter({ hasText: "luin asiasi" }).waitFor();
    await citizen.at("#question").fill("milloin maksetaan");
    await citizen.page.keyboard.press("Enter");
    await citizen.at(".expert").filter({ hasText: "Kirjoitit: milloin maksetaan" }).waitFor();
    await citizen.at("#question").fill("kiitos");
    await citizen.page.keyboard.press("Enter");
    await citizen.at(".note").filter({ hasText: "päätti keskustelun" }).waitFor();
    for (let n = 0; n < 50 && told.at(-1) !== "closed"; n += 1) await pause(100);
    assert.deepEqual(told, ["requested", "queued", "claimed", "expert", "message", "expert", "message", "closed"]);
    await citizen.accessible("closed by the contact centre");
    await citizen.done();
  } finally {
    await staffed.stop();
    centre.close();
  }
});
