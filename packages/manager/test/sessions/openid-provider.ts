/** A real OpenID provider on loopback, where people log in without a form: as whoever the test says. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { freePort } from "@espalier/tests/lab";
import Provider from "oidc-provider";

export interface OpenIdProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Who logs in next, and with what claims. */
  person: { readonly sub: string; readonly claims: Readonly<Record<string, unknown>> };
  /** What a browser does that is sent there: follows it until it is sent back, and where to that is. */
  visit(url: string): Promise<URL>;
}

export async function startOpenIdProvider(redirectUris: readonly string[]): Promise<OpenIdProvider> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const [clientId, clientSecret] = ["espalier", randomBytes(16).toString("hex")];
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const state: { person: OpenIdProvider["person"] } = { person: { sub: "nobody", claims: {} } };
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [...redirectUris] }],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_context, { uid }) => `/login/${uid}` },
    ttl: { Session: 60, Grant: 60, Interaction: 60, AccessToken: 60, IdToken: 60, AuthorizationCode: 60 },
    findAccount: (_context, sub) => ({ accountId: sub, claims: async () => ({ sub, ...state.person.claims }) }),
    // Everybody agrees to everything.
    loadExistingGrant: async (context) => {
      const grant = new provider.Grant({ clientId, accountId: context.oidc.session?.accountId ?? "" });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  const server = createServer(async (request, response) => {
    if (!request.url?.startsWith("/login/")) return callback(request, response);
    return provider.interactionFinished(request, response, { login: { accountId: state.person.sub } });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    ...{ issuer, clientId, clientSecret },
    get person() {
      return state.person;
    },
    set person(person) {
      state.person = person;
    },
    async visit(url) {
      const cookies = new Map<string, string>();
      let next = new URL(url);
      while (next.origin === issuer) {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
        const response = await fetch(next, { redirect: "manual", headers: { cookie } });
        for (const header of response.headers.getSetCookie()) {
          const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
          cookies.set(name, value);
        }
        const location = response.headers.get("location");
        if (location === null) throw new Error(`${next} answered ${response.status}: ${await response.text()}`);
        next = new URL(location, next);
      }
      return next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
