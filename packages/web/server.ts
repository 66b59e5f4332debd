/** Serves the page that `npm run build` made: under any path, each answer with a Content-Security-Policy and a nonce of its own. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { FastifyPluginAsync } from "fastify";

const builtFolder = fileURLToPath(new URL("./dist/", import.meta.url));

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".json": "application/json; charset=utf-8",
};

interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzip: Buffer;
  /** Its name has a hash of its content: it never changes. */
  readonly isImmutable: boolean;
}

export interface WebPageOptions {
  /** Before every path: empty, or `/espalier`. */
  readonly contextPath: string;
  readonly folder?: string;
}

/** `undefined` where the page has not been built. */
export function webPage({ contextPath, folder = builtFolder }: WebPageOptions): FastifyPluginAsync | undefined {
  const assets = readAssets(folder);
  const index = assets.get("index.html");
  if (index === undefined) return undefined;
  const html = index.bytes.toString("utf8");
  return async (app) => {
    app.get(`${contextPath}/*`, { config: { endpoint: "page" } }, async (request, reply) => {
      const name = (request.params as { "*": string })["*"];
      const asset = name === "index.html" ? undefined : assets.get(name);
      if (asset !== undefined) {
        reply
          .header("cache-control", asset.isImmutable ? "public, max-age=31536000, immutable" : "no-cache")
          .header("vary", "accept-encoding")
          .type(asset.type);
        const takesGzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
        if (!takesGzip) return reply.send(asset.bytes);
        return reply.header("content-encoding", "gzip").send(asset.gzip);
      }
      if (!isScreen(name)) return reply.callNotFound();
      const isHome = name === "" && request.headers.cookie !== undefined;
      const ahead = preloads(isHome ? ["session", "clusters"] : ["session"]);
      const nonce = randomBytes(16).toString("base64url");
      return reply
        .type("text/html; charset=utf-8")
        .header("cache-control", "no-store")
        .header("content-security-policy", policy(nonce))
        .send(withHead(html, `<base href="${contextPath}/" /><meta name="style-nonce" nonce="${nonce}" />${ahead}`));
    });
    if (contextPath !== "") app.get(contextPath, async (_request, reply) => reply.redirect(`${contextPath}/`, 308));
  };
}

/** Whether it can be an address within the page. What has an ending would be a file, and is none. */
function isScreen(name: string): boolean {
  if (name.startsWith("api/") || name.startsWith("assets/") || /\.[a-z0-9]{2,5}$/i.test(name)) return false;
  return name === "" || name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** Scripts come from here alone. `data:` and `blob:` images are photos that were read, or are about to be sent. */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Asks the API for what the first screen shows, while the scripts that show it are still on their way. A stranger gets no clusters. */
function preloads(routes: readonly string[]): string {
  return routes.map((route) => `<link rel="preload" as="fetch" crossorigin href="api/v1/${route}" />`).join("");
}

function withHead(html: string, added: string): string {
  return html.replace(/<head>/, `<head>${added}`);
}

/** Everything there is, by its name below the folder: a request can only name what is here. */
function readAssets(folder: string): ReadonlyMap<string, Asset> {
  let entries: ReturnType<typeof listFiles>;
  try {
    entries = listFiles(folder);
  } catch {
    return new Map();
  }
  return new Map(
    entries.map((path) => {
      const name = relative(folder, path).split(sep).join("/");
      const bytes = readFileSync(path);
      const type = types[extname(name)] ?? "application/octet-stream";
      return [name, { type, bytes, gzip: gzipSync(bytes, { level: 9 }), isImmutable: name.startsWith("assets/") }];
    }),
  );
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(`${sep}.vite`))
    .map((entry) => join(entry.parentPath, entry.name));
}
