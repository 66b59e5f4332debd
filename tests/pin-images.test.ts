// biome-ignore-all lint/suspicious/noTemplateCurlyInString: compose files write it so.
/** `npm run pin-images` over copies of the repository's files, whose images are in a registry on loopback. Not proved: Docker Hub. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { check, readProject, rules } from "@espalier/check";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseDockerfile } from "../scripts/image/dockerfile.ts";
import { imagePlaces, withDigests } from "../scripts/pin-images/image-files.ts";
import { parseImageName } from "../scripts/pin-images/image-name.ts";
import { pinImages } from "../scripts/pin-images/pin-images.ts";
import { freePort, type TemporaryDirectory, temporaryDirectory } from "./lab/index.ts";

const repository = join(import.meta.dirname, "..");
const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const images = [
  ...["node:24-slim", "postgres:17.6"],
  ...["prom/prometheus:v3.5.0", "prom/alertmanager:v0.28.1", "grafana/grafana:12.1.0"],
];
/** Where a Dockerfile or a compose file names one that a registry has. */
const named = /^( *image: |ARG NODE_IMAGE=)(?!\$)(\S+)/gm;
const index = "application/vnd.oci.image.index.v1+json";

/** The distribution API as far as it is asked here. */
class Registry {
  readonly #server: Server;
  readonly asked: string[] = [];
  /** By repository and tag. */
  manifests = new Map<string, string>();
  wantsToken = false;
  headTellsDigest = true;
  knowsHead = true;
  getTells: string | undefined;
  /** Answers with these before any other. */
  refusals: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[] = [];

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  async listen(): Promise<void> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", `http://${this.host}`);
    this.asked.push(`${request.method} ${url.pathname}${url.search}`);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return void response.writeHead(refusal.status, refusal.headers).end();
    const [, name = "", tag = ""] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(url.pathname) ?? [];
    if (url.pathname === "/token") {
      return void response.end(
        JSON.stringify({ token: `for.${url.searchParams.get("scope")?.replaceAll(/\W/g, "-")}` }),
      );
    }
    const scope = `repository:${name}:pull`;
    if (this.wantsToken && request.headers.authorization !== `Bearer for.${scope.replaceAll(/\W/g, "-")}`) {
      const challenge = `Bearer realm="http://${this.host}/token",service="registry.test",scope="${scope}"`;
      return void response.writeHead(401, { "www-authenticate": challenge }).end();
    }
    const manifest = this.manifests.get(`${name}:${tag}`);
    if (manifest === undefined || !request.headers.accept?.includes(index)) return void response.writeHead(404).end();
    if (request.method === "HEAD") {
      if (!this.knowsHead) return void response.writeHead(405).end();
      response.writeHead(200, this.headTellsDigest ? { "docker-content-digest": digestOf(manifest) } : {}).end();
    } else {
      response.writeHead(200, { "content-type": index, "docker-content-digest": this.getTells ?? digestOf(manifest) });
      response.end(manifest);
    }
  }
}

let registry: Registry;
let folder: TemporaryDirectory;
beforeEach(async () => {
  registry = new Registry();
  await registry.listen();
  for (const name of images) registry.manifests.set(name, JSON.stringify({ of: name }));
  folder = await temporaryDirectory("images");
  mkdirSync(folder.file("deploy"));
  for (const name of readdirSync(join(repository, "deploy"))) {
    if (!/^(?:Dockerfile|compose)/.test(name)) continue;
    cpSync(join(repository, "deploy", name), folder.file(`deploy/${name}`), { recursive: true });
    if (!statSync(folder.file(`deploy/${name}`)).isFile()) continue;
    const text = readFileSync(folder.file(`deploy/${name}`), "utf8");
    // Whatever a release has made of them.
    const here = text
      .replaceAll(/@sha256:[0-9a-f]{64}/g, "")
      .replaceAll(named, (_, key: string, image: string) => `${key}${registry.host}/${image}`);
    writeFileSync(folder.file(`deploy/${name}`), here);
  }
  return async () => {
    registry.close();
    await folder[Symbol.asyncDispose]();
  };
});

const read = (name: string) => readFileSync(folder.file(`deploy/${name}`), "utf8");
const all = () => ["Dockerfile", "compose.yaml", "compose.small.yaml"].map(read);
const pin = () => pinImages(folder.path, { isCheck: false });
const checkPins = () => pinImages(folder.path, { isCheck: true });
const digestOfImage = (name: string) => digestOf(registry.manifests.get(name) ?? "");

/** As it is, but for the digests and what excused that there are none. */
function withPins(text: string): string {
  const host = `${registry.host}/`;
  return text
    .replaceAll(/ # espalier-ignore CMP014: a release has its digest.*/g, "")
    .replaceAll(named, (all, _, image: string) => `${all}@${digestOfImage(image.replace(host, ""))}`);
}

describe("npm run pin-images", () => {
  it.each([false, true])(
    "writes the digest behind each tag, and nothing else (registry asks for a token: %s)",
    async (wantsToken) => {
      registry.wantsToken = wantsToken;
      const before = all();
      const { exitCode, lines } = await pin();
      expect({ exitCode, images: lines.length }).toEqual({ exitCode: 0, images: 5 });
      expect(lines[0]).toBe(
        `deploy/Dockerfile:7: ${registry.host}/node:24-slim is now ${digestOfImage("node:24-slim")}`,
      );
      expect(all()).toEqual(before.map(withPins));
      expect(all()).not.toEqual(before);
      expect(registry.asked.filter((each) => each.startsWith("GET /v2"))).toEqual([]);
      const [arg] = parseDockerfile(read("Dockerfile"));
      expect(arg).toMatchObject({
        kind: "arg",
        value: `${registry.host}/node:24-slim@${digestOfImage("node:24-slim")}`,
      });
      expect(read("compose.yaml")).toContain(
        "image: ${ESPALIER_IMAGE:-espalier:0.1.0} # espalier-ignore CMP014: built",
      );

      expect(await checkPins()).toEqual({ exitCode: 0, lines: [] });
      const again = all();
      expect((await pin()).exitCode).toBe(0);
      expect(all()).toEqual(again);
    },
  );

  it("leaves a deployment in which the strictest profile finds no image to pin, and no excuse that is not needed", async () => {
    await pin();
    const project = readProject({ root: folder.path, paths: ["deploy"], environment: {} });
    const { findings, suppressions } = check(
      project,
      rules.filter(({ id }) => id === "CMP014"),
      { profile: "strict", now: 0 },
    );
    expect(findings.filter(({ suppressed }) => suppressed === undefined)).toEqual([]);
    const uses = suppressions.filter(({ rule }) => rule === "CMP014").map(({ state, reason }) => [state, reason]);
    const built =
      "built on this machine from this repository; a registry's image is named with its digest in ESPALIER_IMAGE";
    expect(uses).toEqual([
      ["used", built],
      ["used", built],
    ]);
  });

  it("says which have no digest, and which a tag that has moved, and writes nothing", async () => {
    const before = all();
    const unpinned = await checkPins();
    expect(unpinned).toMatchObject({ exitCode: 1 });
    expect(unpinned.lines).toHaveLength(5);
    expect(unpinned.lines[0]).toBe(`deploy/Dockerfile:7: ${registry.host}/node:24-slim is not pinned`);
    expect(all()).toEqual(before);

    await pin();
    const old = digestOfImage("postgres:17.6");
    registry.manifests.set("postgres:17.6", "newer");
    const where = /^deploy\/compose\.yaml:\d+: /;
    const moved = await checkPins();
    expect(moved.lines.map((line) => line.replace(where, ""))).toEqual([
      `${registry.host}/postgres:17.6 is pinned to ${old}, and is now ${digestOf("newer")}`,
    ]);
    expect(moved.exitCode).toBe(1);
    const { lines } = await pin();
    expect(lines.map((line) => line.replace(where, ""))).toContain(
      `${registry.host}/postgres:17.6 is now, moved, ${digestOf("newer")}`,
    );
    expect(await checkPins()).toEqual({ exitCode: 0, lines: [] });
  });

  it.each([
    ["tells none to HEAD", { headTellsDigest: false }],
    ["does not know HEAD", { knowsHead: false }],
  ])("works the digest out of what the registry sends where it %s", async (_, changes) => {
    const before = all();
    Object.assign(registry, changes);
    expect(await pin()).toMatchObject({ exitCode: 0 });
    expect(all()).toEqual(before.map(withPins));
  });

  it("waits where the registry says for how long, and goes on", async () => {
    registry.refusals = [{ status: 429, headers: { "retry-after": "1" } }, { status: 429 }];
    const begun = performance.now();
    expect(await pin()).toMatchObject({ exitCode: 0 });
    expect(performance.now() - begun).toBeGreaterThan(1_900);
  });

  const refusing = (status: number, headers: Record<string, string> = {}, times = 1) => ({
    refusals: Array.from({ length: times }, () => ({ status, headers })),
  });
  it.each([
    [
      "sends something else than it says",
      { headTellsDigest: false, getTells: digestOf("x") },
      "says that HOST/node:24-slim is",
    ],
    ["does not have the tag", refusing(404), "has no such image or tag: HOST/node:24-slim"],
    ["asks for a login", refusing(401, { "www-authenticate": "Basic realm=x" }), "asks for a login: HOST/node:24-slim"],
    [
      "gives a token and refuses it",
      { wantsToken: true, ...refusing(401, { "www-authenticate": 'Bearer realm="http://127.0.0.1:1/"' }) },
      "127.0.0.1:1 cannot be reached: ",
    ],
    [
      "wants a token fetched in clear text",
      refusing(401, { "www-authenticate": 'Bearer realm="http://auth.example.com/token"' }),
      "without TLS, from auth.example.com",
    ],
    ["answers that it cannot", refusing(503), "answered 503: HOST/node:24-slim"],
    [
      "wants to be left alone for long",
      refusing(429, { "retry-after": "3600" }),
      "says to come back: 3600: HOST/node:24-slim",
    ],
  ] as const)("writes nothing where a registry %s", async (_, changes, message) => {
    const before = all();
    Object.assign(registry, changes);
    const { exitCode, lines } = await pin();
    expect({ exitCode, last: lines.at(-1) }).toEqual({ exitCode: 3, last: "Nothing was written." });
    expect(lines[0]).toContain(message.replace("HOST", registry.host));
    expect(all()).toEqual(before);
  });

  it("writes nothing where a manifest is larger than manifests may be", async () => {
    registry.headTellsDigest = false;
    registry.manifests.set("node:24-slim", "x".repeat(4 * 1024 * 1024 + 1));
    expect((await pin()).lines).toEqual([`${registry.host} sends more than 4194304 bytes.`, "Nothing was written."]);
  });

  it("writes nothing where one registry of two cannot be reached, and with --check tells what is certain", async () => {
    await pin();
    const away = `127.0.0.1:${await freePort()}`;
    writeFileSync(folder.file("deploy/Dockerfile"), read("Dockerfile").replace(`=${registry.host}`, `=${away}`));
    const before = all();
    const lines = [`${away} cannot be reached: ECONNREFUSED.`];
    expect(await pin()).toEqual({ exitCode: 3, lines: [...lines, "Nothing was written."] });
    expect(all()).toEqual(before);
    expect(await checkPins()).toEqual({ exitCode: 3, lines });
  });
});

describe("where images are named", () => {
  it("each of this repository's files is looked at, but what is built here", () => {
    const files = readdirSync(join(repository, "deploy")).filter((name) => /^compose.*\.yaml$/.test(name));
    for (const name of files) {
      const text = readFileSync(join(repository, "deploy", name), "utf8");
      const services: readonly { image: string }[] = Object.values(parse(text, { merge: true }).services);
      const named = new Set(services.map(({ image }) => image).filter((image) => !image.includes("ESPALIER_IMAGE")));
      const found = imagePlaces(name, text).map(({ start, end }) => text.slice(start, end));
      expect(new Set(found)).toEqual(named);
    }
  });

  it("a default, a quoted name and one with an old digest get the new one; a name without a tag is refused with its line", () => {
    const old = digestOf("old");
    const text = `services:\n  a: &a { image: "\${A_IMAGE:-a/b:1}" } # why\n  b: { <<: *a }\n  c:\n    image: 'c:2@${old}' # espalier-ignore CMP014: it is so\n`;
    const places = imagePlaces("compose.yaml", text);
    expect(places.map(({ line, image }) => [line, image.written, image.digest])).toEqual([
      [2, "a/b:1", undefined],
      [5, "c:2", old],
    ]);
    expect(withDigests(text, places, ({ written }) => `sha256:${written}`)).toBe(
      `services:\n  a: &a { image: "\${A_IMAGE:-a/b:1@sha256:a/b:1}" } # why\n  b: { <<: *a }\n  c:\n    image: 'c:2@sha256:c:2'\n`,
    );
    expect(() => imagePlaces("compose.yaml", "services:\n  a:\n    image: nginx\n")).toThrow(
      "compose.yaml:3: nginx is no name of an image with a tag, such as postgres:17.6",
    );
  });

  it.each([
    ["postgres:17.6", "https://registry-1.docker.io/", "library/postgres"],
    ["docker.io/postgres:17.6", "https://registry-1.docker.io/", "library/postgres"],
    ["grafana/grafana:17.6", "https://registry-1.docker.io/", "grafana/grafana"],
    ["quay.io/389ds/dirsrv:17.6", "https://quay.io/", "389ds/dirsrv"],
    ["registry.example.com:5000/a:17.6", "https://registry.example.com:5000/", "a"],
    ["localhost:5000/a/b:17.6", "http://localhost:5000/", "a/b"],
  ])("%s is of %s", (name, registryUrl, repositoryName) => {
    const { registry: url, repository: path, tag, digest, written } = parseImageName(name);
    expect([url.href, path, tag, digest, written]).toEqual([registryUrl, repositoryName, "17.6", undefined, name]);
  });

  it("for any name, tag and digest: it is read as it is written", () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,4})?$/);
    const host = fc.constantFrom("", "quay.io/", "localhost/", "registry.example.com:5000/");
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
    const digest = fc.option(fc.string().map(digestOf), { nil: undefined });
    fc.assert(
      fc.property(
        host,
        fc.array(part, { minLength: 1, maxLength: 3 }),
        tag,
        digest,
        (before, path, version, pinned) => {
          fc.pre(before !== "" || path.length === 1 || !/[.]|^localhost$/.test(path[0]!));
          const written = `${before}${path.join("/")}:${version}`;
          const found = parseImageName(pinned === undefined ? written : `${written}@${pinned}`);
          expect([found.written, found.tag, found.digest]).toEqual([written, version, pinned]);
          expect(found.repository.endsWith(path.join("/"))).toBe(true);
        },
      ),
    );
  });
});
