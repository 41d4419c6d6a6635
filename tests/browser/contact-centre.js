// A contact centre in a few lines: it is told by signed webhooks that somebody waits, takes the conversation, answers what the citizen writes
// and closes it on "kiitos". Run it beside neuvo:
//   NEUVO=http://127.0.0.1:8080 TOKEN=… SECRET=whsec_… PORT=9090 node contact-centre.js
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

export function contactCentre(options) {
  const webhook = new Webhook(options.secret);
  const act = async (conversation, what, body = {}) => {
    const response = await fetch(`${options.neuvo}/v1/desk/conversations/${conversation}/${what}`, {
      method: "POST", headers: { authorization: `Bearer ${options.token}`, "content-type": "application/json" }, body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${what}: ${(await response.json()).code}`);
  };
  const take = async ({ conversation, event }) => {
    if (event.kind === "handoff" && event.state === "queued") {
      await act(conversation, "claim", { name: "Keskus" });
      await act(conversation, "messages", { id: randomUUID(), name: "Keskus", text: "Hei, luin asiasi." });
    } else if (event.kind === "message" && /kiitos/i.test(event.text)) {
      await act(conversation, "close", { resolution: "advised" });
    } else if (event.kind === "message") {
      await act(conversation, "messages", { id: randomUUID(), name: "Keskus", text: `Kirjoitit: ${event.text}` });
    }
  };
  return createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      // Throws where the signature is not neuvo's, or old.
      const { data } = webhook.verify(Buffer.concat(chunks).toString(), request.headers);
      response.writeHead(204).end();
      options.told?.(data);
      await take(data);
    } catch (error) {
      console.error(error.message);
      if (!response.headersSent) response.writeHead(400).end();
    }
  });
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { NEUVO, TOKEN, SECRET, PORT } = process.env;
  contactCentre({ neuvo: NEUVO, token: TOKEN, secret: SECRET, told: ({ event }) => console.log(event.kind, event.state ?? "") }).listen(Number(PORT));
}
