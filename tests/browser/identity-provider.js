// A real identity provider: the package oidc-provider, with a page of its own to sign in on.
import { once } from "node:events";
import { createServer } from "node:http";
import Provider from "oidc-provider";

/** A page without anything that would be fetched. */
const page = (main) => `<!doctype html><html lang="en"><title>Organisation</title><link rel="icon" href="data:,">${main}</html>`;
const FORM = "application/x-www-form-urlencoded";

/** Who can sign in there, by login: what the provider says of them. */
const PEOPLE = {
  aino: { given_name: "Aino", preferred_username: "aino", groups: ["everybody", "chat-experts"] },
  sari: { given_name: "Sari", preferred_username: "sari", groups: ["chat-leads"] },
  eero: { given_name: "Eero", preferred_username: "eero", groups: ["everybody"] },
};

export class IdentityProvider {
  /** `home` is where people are sent back to; `port` is kept over a restart. */
  static async start(home, port = 0) {
    const server = createServer();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const started = new IdentityProvider();
    Object.assign(started, { server, home, port: server.address().port });
    // Another site than the console's, which is at 127.0.0.1: cookies are kept apart as they are in earnest.
    started.url = `http://localhost:${started.port}`;
    server.on("request", started.provider().callback());
    return started;
  }

  provider() {
    const provider = new Provider(this.url, {
      clients: [{
        client_id: "neuvo", client_secret: "a secret of the browser tests", redirect_uris: [`${this.home}/console/openid/return`],
        response_types: ["code"], grant_types: ["authorization_code"],
      }],
      claims: { openid: ["sub"], profile: ["given_name", "preferred_username", "groups"] },
      // Roles come by the user info; the Rust tests have them in the ID token.
      conformIdTokenClaims: true,
      cookies: { keys: ["a key of the browser tests"] },
      features: { devInteractions: { enabled: false }, rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => { ctx.body = page(`${form}<button form="op.logoutForm" name="logout" value="yes">Leave</button>`); },
        postLogoutSuccessSource: (ctx) => { ctx.body = page("<p>You have left.</p>"); },
      } },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      pkce: { required: () => true },
      findAccount: (_, id) => PEOPLE[id] && { accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) },
      async loadExistingGrant({ oidc }) {
        const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
        grant.addOIDCScope("openid profile");
        await grant.save();
        return grant;
      },
    });
    provider.use(async (ctx, next) => {
      if (!ctx.path.startsWith("/interaction/")) return next();
      if (ctx.method === "GET") {
        ctx.type = "html";
        ctx.body = page(`<form method="post"><input name="login" aria-label="Login">
          <button name="act" value="enter">Enter</button><button name="act" value="cancel">Cancel</button></form>`);
        return undefined;
      }
      const chunks = await ctx.req.toArray();
      const typed = ctx.is(FORM) && new URLSearchParams(Buffer.concat(chunks).toString());
      const result = typed.get("act") === "enter" ? { login: { accountId: typed.get("login") } } : { error: "access_denied" };
      ctx.respond = false;
      return provider.interactionFinished(ctx.req, ctx.res, result);
    });
    return provider;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}
