import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

const bin = join(import.meta.dirname, "..", "bin", "espalier.mjs");

function start(environment: Readonly<Record<string, string>>) {
  const { PATH = "" } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [bin, "--version"], {
    encoding: "utf8",
    env: { PATH, ...environment },
    timeout: 20_000,
  });
  return { status, stdout };
}

describe("starting the command", () => {
  const started = { status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) };

  it("keeps what Node makes of the sources in a folder that nobody else can write to", () => {
    const home = mkdtempSync(join(tmpdir(), "espalier-home-"));
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    expect(start({ HOME: home })).toEqual(started);
    const folder = join(home, ".cache", "espalier");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).length).toBeGreaterThan(0);
  });

  it.each(["/proc/nowhere", "/dev/null/cache", "/nowhere/at/all"])("goes on where %s cannot be made", (folder) => {
    expect(start({ HOME: "/", XDG_CACHE_HOME: folder })).toEqual(started);
  });
});
