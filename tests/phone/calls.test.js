// Whole calls in three languages with the real content, through Twilio's and jambonz's own packages.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import jambonz from "@jambonz/verb-specifications";
import { JambonzCall, PUBLIC, Server, TwilioCall } from "./support.js";
import { check, find, said } from "./twiml.js";

const SPOKEN = {
  fi: { question: "Milloin lapsilisä maksetaan?", answer: /kahdeskymmeneskuudes päivä/, locale: "fi-FI", voice: "Polly.Suvi-Neural", bot: /puhelinbotti/, person: "ihminen", transfer: /Yhdistän sinut/ },
  sv: { question: "Hur mycket är barnbidraget?", answer: /euro/, locale: "sv-SE", voice: "Polly.Elin-Neural", bot: /telefonbot/, person: "människa", transfer: /kopplar dig/ },
  en: { question: "How much is child benefit?", answer: /euros/, locale: "en-GB", voice: "Polly.Amy-Neural", bot: /phone bot/, person: "a person please", transfer: /connect you/ },
};

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await server?.stop();
});

for (const [lang, expected] of Object.entries(SPOKEN)) {
  test(`a call by Twilio in ${lang}`, async () => {
    const call = new TwilioCall(server, `CA-${lang}`, lang);
    const action = (tree) => find(tree, "Gather").attributes.action.replace(PUBLIC, "");
    const turn = async (tree, fields) => check(await call.post(action(tree), fields));
    const greeting = check(await call.post("/phone/twilio/incoming"));
    assert.match(said(greeting), expected.bot);
    assert.equal(find(greeting, "Gather").attributes.language, expected.locale);
    assert.equal(find(greeting, "Say").attributes.voice, expected.voice);
    const answer = await turn(greeting, { SpeechResult: expected.question, Confidence: "0.93" });
    assert.match(said(answer), expected.answer);
    // For the ear: no address, no mark, no figure that is not a word.
    assert.doesNotMatch(said(answer), /https?:|www\.|kela\.fi|\*|\d/);
    const slower = await turn(answer, { Digits: "5" });
    assert.equal(find(slower, "prosody").attributes.rate, "slow");
    const silent = await turn(slower, {});
    const unsure = await turn(silent, { SpeechResult: expected.question, Confidence: "0.2" });
    const denied = await turn(unsure, { Digits: "2" });
    assert.equal(new Set([silent, unsure, denied].map(said)).size, 3, "never the same words");
    const person = await turn(denied, { SpeechResult: expected.person, Confidence: "0.9" });
    assert.match(said(person), expected.transfer);
    assert.equal(find(person, "Number").text, "+358401111111");
    const back = check(await call.post(find(person, "Dial").attributes.action.replace(PUBLIC, ""), { DialCallStatus: "no-answer" }));
    assert.ok(find(back, "Gather"), "the bot has the caller again");
    const status = await call.send("/phone/twilio/status", { CallStatus: "completed", SequenceNumber: "3" });
    assert.equal(status.status, 204);
  });

  test(`a call by jambonz in ${lang}`, async () => {
    const call = new JambonzCall(server, `jb-${lang}`, lang);
    const logger = { info() {} };
    const checked = (verbs) => {
      jambonz.validate(logger, verbs);
      return verbs;
    };
    const hook = (verbs) => verbs.at(-1).actionHook.replace(PUBLIC, "");
    const greeting = checked(await call.post("/phone/jambonz/incoming"));
    assert.match(greeting.at(-1).say.text, expected.bot);
    const speech = { is_final: true, alternatives: [{ transcript: expected.question, confidence: 0.92 }] };
    const answer = checked(await call.post(hook(greeting), { reason: "speechDetected", speech }));
    assert.match(answer.at(-1).say.text, expected.answer);
    const person = checked(await call.post(hook(answer), { reason: "dtmfDetected", digits: "0" }));
    assert.equal(person.at(-1).verb, "dial");
    const back = checked(await call.post(hook(person), { dial_call_status: "busy", dial_sip_status: 486 }));
    assert.equal(back.at(-1).verb, "gather");
  });
}

test("danger is answered with 112 first, then a person", async () => {
  const call = new TwilioCall(server, "CA-danger", "fi");
  const greeting = check(await call.post("/phone/twilio/incoming"));
  const path = find(greeting, "Gather").attributes.action.replace(PUBLIC, "");
  const tree = check(await call.post(path, { SpeechResult: "En jaksa enää elää, aion tappaa itseni tänään", Confidence: "0.9" }));
  assert.match(said(tree), /^[^.]*soita heti/);
  assert.ok(find(tree, "Dial"));
});

test("what Twilio did not sign is refused", async () => {
  const call = new TwilioCall(server, "CA-forged", "fi");
  assert.equal((await call.send("/phone/twilio/incoming", {}, "another-token")).status, 403);
  // Its own two ways with ports.
  assert.equal((await call.send("/phone/twilio/incoming?a=1&b=%C3%A4")).status, 200);
});

test("the fallback reaches a person without neuvo", async () => {
  const tree = check(await server.print("phone", "fallback"));
  assert.equal(tree.children.filter((verb) => verb.name === "Say").length, 3);
  assert.equal(find(tree, "Number").text, "+358401111111");
});
