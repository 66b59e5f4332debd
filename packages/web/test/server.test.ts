import { mkdir, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createLog } from "@espalier/service";
import { createHttpServer } from "@espalier/service/http";
import { temporaryDirectory } from "@espalier/tests/lab";
import { webPage } from "@espalier/web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const html = '<!doctype html><html lang="en"><head><title>Espalier</title></head><body></body></html>';
const script = "console.log('an espalier');\n".repeat(100);
const preload = (route: string) => `<link rel="preload" as="fetch" crossorigin href="api/v1/${route}" />`;
const nothingHere = { status: 404, type: "application/json; charset=utf-8", body: { error: "there is nothing here" } };

describe.for(["", "/directories/ldap"])("the page below %j", (contextPath) => {
  const resources = new AsyncDisposableStack();
  let port: number;

  beforeAll(async () => {
    const directory = resources.use(await temporaryDirectory("page"));
    const folder = join(directory.path, "dist");
    await mkdir(join(folder, "assets"), { recursive: true });
    await mkdir(join(folder, ".vite"));
    await writeFile(join(folder, "index.html"), html);
    await writeFile(join(folder, "icon.svg"), "<svg/>");
    await writeFile(join(folder, "assets/index-B1ntpRP7.js"), script);
    await writeFile(join(folder, ".vite/manifest.json"), "{}");
    await writeFile(join(directory.path, "secret.key"), "a key");
    await writeFile(join(directory.path, "secret"), "a key");
    const app = await createHttpServer({
      ...{ trustedProxies: [], maxBodyBytes: 1024, logger: createLog({ level: "error" }).logger("test") },
      plugins: [webPage({ contextPath, folder })!],
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    resources.defer(() => app.close());
    port = (app.server.address() as AddressInfo).port;
  });
  afterAll(() => resources.disposeAsync());

  /** The path as it is: neither `..` nor `//` is tidied up on the way. */
  const get = (path: string, headers: Record<string, string> = {}) => getRaw(port, `${contextPath}${path}`, headers);
  const getJson = async (path: string) => {
    const { status, headers, body } = await get(path);
    return { status, type: headers["content-type"], body: JSON.parse(body.toString()) };
  };

  it.for(["/", "/sign-in", "/c/production/entry?dn=uid%3Dann%2Cdc%3Dexample", "/no/such/screen"])(
    "%s is the page, with its place and a nonce in it",
    async (path) => {
      const { status, headers, body } = await get(path);
      const policy = String(headers["content-security-policy"]);
      const [, nonce = ""] = /style-src 'self' 'nonce-([\w-]{22})'/.exec(policy) ?? [];
      expect({ status, type: headers["content-type"], cache: headers["cache-control"] }).toEqual({
        status: 200,
        type: "text/html; charset=utf-8",
        cache: "no-store",
      });
      expect(policy).toBe(
        [
          "default-src 'none'",
          "script-src 'self'",
          `style-src 'self' 'nonce-${nonce}'`,
          "img-src 'self' data: blob:",
          "font-src 'self'",
          "connect-src 'self'",
          "base-uri 'self'",
          "form-action 'self'",
          "frame-ancestors 'none'",
        ].join("; "),
      );
      const added = `<base href="${contextPath}/" /><meta name="style-nonce" nonce="${nonce}" />${preload("session")}`;
      expect(body.toString()).toBe(html.replace("<head>", `<head>${added}`));
    },
  );

  it("home has the browser ask how the nodes are at once, but for a stranger, who would not be told", async () => {
    const asked = async (path: string, cookie: Record<string, string>) =>
      [...(await get(path, cookie)).body.toString().matchAll(/<link rel="preload"[^>]*>/g)].map(([link]) => link);
    const cookie = { cookie: "espalier_session=a-session" };
    expect(await asked("/", cookie)).toEqual([preload("session"), preload("clusters")]);
    expect(await asked("/", {})).toEqual([preload("session")]);
    expect(await asked("/timeline", cookie)).toEqual([preload("session")]);
  });

  it("no two answers have the same nonce", async () => {
    const bodies = await Promise.all(Array.from({ length: 20 }, async () => (await get("/")).body.toString()));
    expect(new Set(bodies).size).toBe(20);
  });

  it("what has its hash in its name is kept for ever, and sent compressed to those who take that", async () => {
    const plain = await get("/assets/index-B1ntpRP7.js");
    expect({ status: plain.status, body: plain.body.toString() }).toEqual({ status: 200, body: script });
    expect(plain.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      vary: "accept-encoding",
    });
    expect(plain.headers["content-encoding"]).toBeUndefined();
    const packed = await get("/assets/index-B1ntpRP7.js", { "accept-encoding": "br, gzip" });
    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
    expect(packed.body.length).toBeLessThan(script.length / 10);
    expect(gunzipSync(packed.body).toString()).toBe(script);
  });

  it("what may change is asked for again", async () => {
    const { headers, body } = await get("/icon.svg");
    expect(headers).toMatchObject({ "content-type": "image/svg+xml", "cache-control": "no-cache" });
    expect(body.toString()).toBe("<svg/>");
  });

  it.for([
    "/../secret.key",
    "/../secret",
    "/..%2f..%2fetc/passwd",
    "/..%2fsecret",
    "/assets/..%2f..%2fsecret",
    "/%2e%2e/secret",
    "/..%5csecret.key",
    "//etc/hostname",
    "/%2fetc/hostname",
    "/etc//hostname",
    "/.vite/manifest.json",
    "/index.html",
    "/assets/index-00000000.js",
    "/assets/",
    "/assets/nothing",
    "/favicon.ico",
    "/api/v1/session",
    "/api/nothing",
  ])("%s is not there", async (path) => {
    expect(await getJson(path)).toEqual(nothingHere);
  });
});

describe("a context path", () => {
  it("without its slash leads to the page", async () => {
    await using directory = await temporaryDirectory("page");
    await writeFile(directory.file("index.html"), html);
    const app = await createHttpServer({
      ...{ trustedProxies: [], maxBodyBytes: 1024, logger: createLog({ level: "error" }).logger("test") },
      plugins: [webPage({ contextPath: "/ldap", folder: directory.path })!],
    });
    const { statusCode, headers } = await app.inject("/ldap");
    expect({ statusCode, location: headers.location }).toEqual({ statusCode: 308, location: "/ldap/" });
    expect((await app.inject("/")).statusCode).toBe(404);
    await app.close();
  });
});

it("there is no page where none was built", async () => {
  await using directory = await temporaryDirectory("page");
  expect(webPage({ contextPath: "", folder: directory.path })).toBeUndefined();
  expect(webPage({ contextPath: "", folder: directory.file("missing") })).toBeUndefined();
});

async function getRaw(port: number, path: string, headers: Record<string, string>) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request({ host: "127.0.0.1", port, path, headers }, resolve).on("error", reject).end();
  const response = await promise;
  const body = Buffer.concat((await response.toArray()) as Buffer[]);
  return { status: response.statusCode, headers: response.headers, body };
}
