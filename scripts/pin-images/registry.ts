/** Asks a registry which digest a tag has: OCI distribution specification 1.1, with the token that Docker's registries ask for. */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type ImageName, isLoopback } from "./image-name.ts";

/** Why there is no digest: a sentence without a full stop. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
}

/** Of an image for several kinds of processor the list comes first: its digest is the same for all of them. */
const mediaTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const sha256 = /^sha256:[0-9a-f]{64}$/;
const timeoutMs = 30_000;
/** As registries must take at least; §4.2 of the specification. */
const maxManifestBytes = 4 * 1024 * 1024;
const maxTokenBytes = 64 * 1024;
const attempts = 3;
const maxWaitMs = 60_000;

/** @throws RegistryError */
export async function digestOf(image: ImageName): Promise<string> {
  const session = new Session(image);
  const head = await session.request("HEAD");
  const told = head.headers.get("docker-content-digest") ?? "";
  if (head.ok && sha256.test(told)) return told;
  const { headers, body } = await session.manifest();
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  const claimed = headers.get("docker-content-digest") ?? digest;
  if (claimed === digest) return digest;
  throw new RegistryError(`${image.registry.host} says that ${image.written} is ${claimed}, and sends ${digest}`);
}

/** Requests for one image, with one token. */
class Session {
  readonly #image: ImageName;
  readonly #url: URL;
  #token: string | undefined;

  constructor(image: ImageName) {
    this.#image = image;
    this.#url = new URL(`/v2/${image.repository}/manifests/${image.tag}`, image.registry);
  }

  async manifest(): Promise<{ readonly headers: Headers; readonly body: Uint8Array }> {
    const response = await this.request("GET");
    return { headers: response.headers, body: await bodyOf(response, maxManifestBytes) };
  }

  /** The answer is one that succeeded, but for a registry that does not know HEAD. */
  async request(method: "HEAD" | "GET"): Promise<Response> {
    const { written, registry } = this.#image;
    for (let attempt = 1; ; attempt += 1) {
      const response = await ask(this.#url, {
        method,
        headers: {
          accept: mediaTypes.join(", "),
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        },
      });
      if (response.ok || (method === "HEAD" && response.status === 405)) return response;
      await response.body?.cancel();
      if (response.status === 401 && this.#token === undefined) {
        this.#token = await this.#authorized(response.headers.get("www-authenticate") ?? "");
      } else if (response.status === 429 && attempt < attempts) {
        await this.#patience(response.headers.get("retry-after"));
      } else {
        throw new RegistryError(`${registry.host} ${reasonOf(response.status)}: ${written}`);
      }
    }
  }

  /** A token for anybody, from where the registry says. */
  async #authorized(challenge: string): Promise<string> {
    const { registry, repository, written } = this.#image;
    const asked = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
    const realm = /^Bearer\s/i.test(challenge) && asked.realm !== undefined ? URL.parse(asked.realm) : null;
    if (realm === null) throw new RegistryError(`${registry.host} asks for a login: ${written}`);
    if (realm.protocol !== "https:" && !isLoopback(realm)) {
      throw new RegistryError(`${registry.host} wants a token to be fetched without TLS, from ${realm.host}`);
    }
    if (asked.service !== undefined) realm.searchParams.set("service", asked.service);
    realm.searchParams.set("scope", asked.scope ?? `repository:${repository}:pull`);
    const response = await ask(realm, {});
    const { token, access_token: accessToken } = response.ok ? await jsonOf(response) : {};
    const given = token ?? accessToken;
    if (typeof given === "string" && /^[\w.~+/=-]+$/.test(given)) return given;
    throw new RegistryError(`${realm.host} gives no token (it answered ${response.status}): ${written}`);
  }

  async #patience(retryAfter: string | null): Promise<void> {
    const seconds = Number(retryAfter ?? "1");
    const waitMs = Number.isNaN(seconds) ? Date.parse(retryAfter ?? "") - Date.now() : seconds * 1_000;
    if (!(waitMs <= maxWaitMs)) {
      const { registry, written } = this.#image;
      throw new RegistryError(
        `${registry.host} has been asked too often; it says to come back: ${retryAfter}: ${written}`,
      );
    }
    await delay(Math.max(0, waitMs));
  }
}

function reasonOf(status: number): string {
  if (status === 404) return "has no such image or tag";
  if (status === 401 || status === 403) return "does not give this to everybody, or does not have it";
  return status === 429 ? "has been asked too often" : `answered ${status}`;
}

async function ask(url: URL, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...options, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    throw unreachable(url, error);
  }
}

function unreachable({ host }: URL, error: unknown): RegistryError {
  const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: string } };
  const why = name === "TimeoutError" ? `no answer in ${timeoutMs / 1_000} s` : (cause?.code ?? "the connection broke");
  return new RegistryError(`${host} cannot be reached: ${why}`);
}

async function bodyOf(response: Response, limit: number): Promise<Uint8Array> {
  const { host } = new URL(response.url);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > limit) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable(new URL(response.url), error);
  }
  if (bytes > limit) throw new RegistryError(`${host} sends more than ${limit} bytes`);
  return Buffer.concat(chunks);
}

async function jsonOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    return JSON.parse(Buffer.from(await bodyOf(response, maxTokenBytes)).toString("utf8")) ?? {};
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    return {};
  }
}
