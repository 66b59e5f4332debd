/** The packages of others that run in production: what is known against them, and what the lock alone says of them. */
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { audit } from "../scripts/audit/advisories.ts";
import { neededPackages, packageName, readLockedPackages } from "../scripts/package/locked-packages.ts";
import { temporaryDirectory } from "./lab/index.ts";

const repository = join(import.meta.dirname, "..");
const locked = readLockedPackages(repository);
const ofOthers = [...locked].filter(([path, { link }]) => path.includes("node_modules/") && link !== true);
const production = [...neededPackages(locked, "packages/espalier")].filter(([path]) => path.includes("node_modules/"));

describe("package-lock.json", () => {
  // A registry has no packages for platforms that it does not serve, and so no hashes of them.
  it("has the hash of every package, but of optional ones for other platforms", () => {
    const unhashed = ofOthers.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""));
    const unexpected = unhashed.filter(
      ([path]) => existsSync(join(repository, path)) || !/-(android|darwin|freebsd|linux|openharmony|win32)/.test(path),
    );
    expect(unexpected.map(([path]) => path)).toEqual([]);
  });

  it("has no package in production that runs a script when it is installed", () => {
    expect(production.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([]);
    const installing = ofOthers.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    // It brings the Node that a clone runs on.
    expect(installing.map(([path]) => packageName(path))).toEqual(["node"]);
  });

  it("has nothing in production whose licence asks for more than to be named", () => {
    const allowed = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0"]);
    const installed = production.filter(([path]) => existsSync(join(repository, path)));
    expect(installed.length).toBeGreaterThan(100);
    const licences = installed.map(([path]) => {
      const { license } = JSON.parse(readFileSync(join(repository, path, "package.json"), "utf8"));
      return { path, license, inLock: locked.get(path)?.license };
    });
    expect(licences.filter(({ license, inLock }) => !allowed.has(license) || inLock !== license)).toEqual([]);
  });
});

describe("the audit", () => {
  it("tells the advisories against what runs in production, and not those against the rest", async () => {
    const asked = await auditOf(200, {
      left: [advisory("left", "high")],
      right: [advisory("right", "critical")],
    });
    expect(asked).toEqual({
      advisories: [
        { package: "left", version: "1.0.0", severity: "high", title: "left is bad", url: "https://example.com/left" },
      ],
    });
  });

  it("tells that nothing is known", async () => {
    expect(await auditOf(200, {})).toEqual({ advisories: [] });
  });

  it("says why where the registry does not tell, and takes that for no answer", async () => {
    expect(await auditOf(405, {})).toEqual({ unanswered: expect.stringContaining("405 Method Not Allowed") });
  });

  function advisory(name: string, severity: string) {
    return {
      id: name.length,
      url: `https://example.com/${name}`,
      title: `${name} is bad`,
      severity,
      vulnerable_versions: "<2",
    };
  }

  /** A project that runs `left` in production and has `right` for development, and a registry that knows of both. */
  async function auditOf(status: number, advisories: object) {
    const folder = await temporaryDirectory("audit");
    onTestFinished(() => folder[Symbol.asyncDispose]());
    const manifest = (dependencies: object) => ({ version: "1.0.0", dependencies });
    const packages = {
      "": { name: "project", workspaces: ["packages/*"], devDependencies: { right: "1.0.0" } },
      "node_modules/app": { resolved: "packages/app", link: true },
      "packages/app": { name: "app", ...manifest({ left: "^1.0.0" }) },
      "node_modules/left": { version: "1.0.0" },
      "node_modules/right": { version: "1.0.0", dev: true },
    };
    writeFileSync(folder.file("package.json"), JSON.stringify(packages[""]));
    writeFileSync(folder.file("package-lock.json"), JSON.stringify({ lockfileVersion: 3, requires: true, packages }));
    const registry = createServer((request, response) => {
      const isAsked = request.method === "POST" && request.url === "/-/npm/v1/security/advisories/bulk";
      const name = request.url!.slice(1);
      const versions = { "1.0.0": { name, version: "1.0.0" } };
      request.resume().once("end", () => {
        response.writeHead(isAsked ? status : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(isAsked ? advisories : { name, "dist-tags": { latest: "1.0.0" }, versions }));
      });
    }).listen(0, "127.0.0.1");
    await once(registry, "listening");
    onTestFinished(() => void registry.close());
    return audit(folder.path, "packages/app", {
      PATH: process.env.PATH,
      HOME: folder.path,
      npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}`,
      npm_config_fetch_retries: "0",
    });
  }
});
