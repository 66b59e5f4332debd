/**
 * Sign-in at OpenID providers: OpenID Connect Core 1.0 §3.1, the authorization code flow with PKCE (RFC 7636), state and nonce.
 * What is remembered of one under way is in an encrypted cookie of the browser that began it.
 */
import type { Logger } from "@espalier/service";
import * as oidc from "openid-client";
import { z } from "zod";
import { ApiError } from "../../api/problem.ts";
import type { SealingKey, Vault } from "../vault.ts";
import { type Claims, claimsOf } from "./claim-template.ts";
import type { OidcProviderConfig, OidcProviders } from "./config.ts";

export interface OidcSignInsOptions {
  readonly providers: OidcProviders;
  /** Where this manager is to browsers, with what its routes are below: `https://ldap.example.com/api/v1`. */
  readonly baseUrl: string;
  readonly vault: Vault;
  readonly logger: Logger;
  readonly now: () => number;
}

export interface BegunSignIn {
  /** Where the browser is to go. */
  readonly url: string;
  /** For its cookie. */
  readonly state: string;
}

export interface FinishedSignIn {
  readonly claims: Claims & { readonly sub: string };
  readonly returnTo: string | undefined;
}

const underWay = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string().optional(),
  expiresAt: z.number(),
});

/** The cookie's as well. */
export const signInSeconds = 600;
const discoveryMs = 3_600_000;
const timeoutSeconds = 10;

export class OidcSignIns {
  readonly #options: OidcSignInsOptions;
  readonly #key: SealingKey;
  /** What a provider says of itself, and until when that is believed. */
  readonly #discovered = new Map<string, { readonly until: number; readonly found: Promise<oidc.Configuration> }>();

  constructor(options: OidcSignInsOptions) {
    this.#options = options;
    this.#key = options.vault.sealingKey("sign-in by OpenID");
  }

  /** @throws ApiError `not_found` */
  provider(name: string): OidcProviderConfig {
    const { providers } = this.#options;
    const provider = Object.hasOwn(providers, name) ? providers[name] : undefined;
    if (provider === undefined) throw new ApiError("not_found", "There is no such OpenID provider here.");
    return provider;
  }

  /** @throws ApiError `unavailable` where the provider does not answer */
  async begin(name: string, returnTo: string | undefined): Promise<BegunSignIn> {
    const provider = this.provider(name);
    const configuration = await this.#discover(name, provider);
    const verifier = oidc.randomPKCECodeVerifier();
    const remembered: z.input<typeof underWay> = {
      ...{ state: oidc.randomState(), nonce: oidc.randomNonce(), verifier },
      expiresAt: this.#options.now() + signInSeconds * 1_000,
      ...(returnTo === undefined ? {} : { returnTo }),
    };
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#callbackUrl(name),
      scope: provider.scopes.join(" "),
      state: remembered.state,
      nonce: remembered.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    const state = Buffer.from(this.#key.sealText(JSON.stringify(remembered), name)).toString("base64url");
    return { url: url.href, state };
  }

  /**
   * @param query what the provider has sent the browser back with
   * @param cookie of the browser that has begun it
   * @throws ApiError `wrong_credentials` for whatever is not the answer to what this browser has asked
   */
  async finish(
    name: string,
    query: Readonly<Record<string, string>>,
    cookie: string | undefined,
  ): Promise<FinishedSignIn> {
    const provider = this.provider(name);
    const remembered = this.#remembered(name, cookie);
    if (remembered === undefined) throw refused("It was not begun in this browser, or took too long: begin again.");
    const configuration = await this.#discover(name, provider);
    const url = new URL(this.#callbackUrl(name));
    url.search = new URLSearchParams(query).toString();
    try {
      const tokens = await oidc.authorizationCodeGrant(configuration, url, {
        pkceCodeVerifier: remembered.verifier,
        expectedState: remembered.state,
        expectedNonce: remembered.nonce,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw refused("The provider gave no ID token.");
      const more = await this.#moreClaims(configuration, provider, claims, tokens.access_token);
      return { claims: { ...more, ...claims }, returnTo: remembered.returnTo };
    } catch (error) {
      if (error instanceof ApiError) throw error;
      this.#options.logger.warn("a sign-in by OpenID failed", { provider: name, reason: reasonOf(error) });
      throw refused("The provider did not let you in, or its answer cannot be used: begin again.", error);
    }
  }

  /** Of the user info endpoint, where the ID token lacks some (§5.3). */
  async #moreClaims(
    configuration: oidc.Configuration,
    { dn, filter }: OidcProviderConfig,
    claims: Claims & { readonly sub: string },
    accessToken: string,
  ): Promise<Claims> {
    const wanted = claimsOf(dn ?? filter ?? "");
    const lacks = wanted.some((claim) => claims[claim] === undefined);
    const isAsked = lacks || (wanted.includes("email") && claims.email_verified === undefined);
    if (!isAsked || configuration.serverMetadata().userinfo_endpoint === undefined) return {};
    return oidc.fetchUserInfo(configuration, accessToken, claims.sub);
  }

  #remembered(name: string, cookie: string | undefined): z.output<typeof underWay> | undefined {
    const text = cookie && this.#key.openText(new Uint8Array(Buffer.from(cookie, "base64url")), name);
    if (text === undefined || text === "") return undefined;
    const remembered = underWay.parse(JSON.parse(text));
    return remembered.expiresAt > this.#options.now() ? remembered : undefined;
  }

  async #discover(name: string, provider: OidcProviderConfig): Promise<oidc.Configuration> {
    const now = this.#options.now();
    const known = this.#discovered.get(name);
    const found = known !== undefined && known.until > now ? known.found : this.#ask(provider);
    if (known?.found !== found) this.#discovered.set(name, { until: now + discoveryMs, found });
    try {
      return await found;
    } catch (error) {
      if (this.#discovered.get(name)?.found === found) this.#discovered.delete(name);
      this.#options.logger.warn("an OpenID provider cannot be used", { provider: name, reason: reasonOf(error) });
      throw new ApiError("unavailable", "The OpenID provider does not answer at the moment. Try again later.", {
        cause: error,
        retryAfter: 10,
      });
    }
  }

  #ask({ issuer, clientId, clientSecret }: OidcProviderConfig): Promise<oidc.Configuration> {
    const server = new URL(issuer);
    const authentication = clientSecret === undefined ? oidc.None() : withSecret(clientSecret.reveal());
    // The configuration takes http from this machine alone.
    const execute = server.protocol === "http:" ? [oidc.allowInsecureRequests] : [];
    return oidc.discovery(server, clientId, undefined, authentication, { execute, timeout: timeoutSeconds });
  }

  #callbackUrl(name: string): string {
    return `${this.#options.baseUrl}/session/oidc/${name}/callback`;
  }
}

/** In the way that the provider takes; §9: the header unless it says otherwise. */
function withSecret(secret: string): oidc.ClientAuth {
  const basic = oidc.ClientSecretBasic(secret);
  const post = oidc.ClientSecretPost(secret);
  return (server, ...request) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    return (methods.includes("client_secret_basic") ? basic : post)(server, ...request);
  };
}

function refused(title: string, cause?: unknown): ApiError {
  return new ApiError("wrong_credentials", title, cause === undefined ? {} : { cause });
}

/** For the log: neither a token nor what the browser has sent. */
function reasonOf(error: unknown): string {
  const { code, error: answered } = error as { readonly code?: unknown; readonly error?: unknown };
  const parts = [error instanceof Error ? error.message : "unknown", code, answered];
  return parts.filter((part) => typeof part === "string").join(", ");
}
