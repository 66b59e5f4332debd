/**
 * The systemd units with a real systemd, installed as docs/installing.md says, and what `espalier health` tells of them. It is
 * process 1 of namespaces of its own. Not proved: what a machine's own units do before and after them, and limits of memory.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort, requirePrograms, type TemporaryDirectory, temporaryDirectory } from "./lab/index.ts";
import { type Systemd, startSystemd, systemdObstacle } from "./lab/systemd.ts";
import { typedLines } from "./stories/document-lines.ts";

const describePrograms = requirePrograms(
  { "/lib/systemd/systemd": "systemd", setpriv: "util-linux", unshare: "util-linux", nsenter: "util-linux" },
  { root: true },
);
// A container may refuse what no package brings: it is then said, and not failed, also in CI.
const obstacle = systemdObstacle();
if (obstacle !== undefined) console.log(`Skipped: systemd cannot be started here: ${obstacle}`);
const describe = obstacle === undefined ? describePrograms : describePrograms.skip;
const repository = join(import.meta.dirname, "..");

describe("espalier as a service", { timeout: 60_000 }, () => {
  let directory: TemporaryDirectory;
  let systemd: Systemd;
  const [start = []] = typedLines("installing.md", "As a service");

  beforeAll(async () => {
    directory = await temporaryDirectory("service");
    const configuration = {
      notify: { listen: `127.0.0.1:${await freePort()}` },
      metrics: { listen: `127.0.0.1:${await freePort()}` },
      check: {
        profile: "lab",
        suppressions: ["HST001", "HST002"].map((rule) => ({ rule, reason: "It is the test machine's own matter." })),
      },
    };
    writeFileSync(directory.file("espalier.yaml"), JSON.stringify(configuration), { mode: 0o640 });
    systemd = await startSystemd({
      binds: {
        "/opt/espalier": repository,
        "/opt/release/deploy": join(repository, "deploy"),
        "/opt/release/espalier.yaml": directory.file("espalier.yaml"),
      },
      links: {
        "/usr/bin/espalier": "/opt/espalier/packages/espalier/bin/espalier.mjs",
        // An older one starts the clone's, as Debian's does.
        ...(existsSync("/usr/bin/node") ? {} : { "/usr/bin/node": "/opt/espalier/node_modules/node/bin/node" }),
      },
    });
  }, 30_000);
  afterAll(async () => {
    await systemd?.[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  const shell = (text: string) => systemd.run("sh", ["-euc", text]);
  const health = async () => {
    const command = "cd /var/lib/espalier && espalier health --json --config /etc/espalier/espalier.yaml";
    const { exitCode, stdout } = await shell(command);
    const { rows } = JSON.parse(stdout) as { rows: readonly Record<"part" | "name" | "status" | "detail", string>[] };
    const units = rows.filter(({ part }) => part === "unit");
    return { exitCode, units: units.map(({ name, status, detail }) => [name, status, detail]) };
  };

  it("serves once the lines of the document have been typed, and all is well", async () => {
    const { exitCode, stderr } = await shell(`cd /opt/release\n${start.join("\n")}`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("Created symlink") });
    expect(await health()).toEqual({ exitCode: 0, units: [["espalier.service", "ok", "active (running)"]] });
  });

  it("is not well while one of its units has failed, or cannot be read", async () => {
    const [failed, broken] = ["espalier-backup.service", "espalier-proxy.service"];
    await shell(`cd /opt/release/deploy/systemd; cp ${failed} /etc/systemd/system/
      sed /^ExecStart=/d ${broken} > /etc/systemd/system/${broken}
      ln -s ../${broken} /etc/systemd/system/multi-user.target.wants/; systemctl daemon-reload`);
    // The configuration names no folder of backups.
    expect(await systemd.run("systemctl", ["start", failed])).toMatchObject({ exitCode: 1 });
    const units = [
      [failed, "failing", "failed (failed)"],
      [broken, "failing", "bad-setting, inactive (dead)"],
      ["espalier.service", "ok", "active (running)"],
    ];
    expect(await health()).toEqual({ exitCode: 1, units });
    await shell(`rm /etc/systemd/system/${failed} /etc/systemd/system/${broken} \
      /etc/systemd/system/multi-user.target.wants/${broken}; systemctl daemon-reload; systemctl reset-failed`);
  });

  it("ends when it is told to, in order, and its absence is told", async () => {
    expect(await shell("systemctl stop espalier")).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    const { stdout } = await shell("journalctl --unit espalier --output cat");
    const logged = stdout.split("\n").filter((line) => line.startsWith("{"));
    const last = logged.map((line) => JSON.parse(line) as { level: string; message: string }).slice(-2);
    // A signal that reached it twice would end it at once.
    expect(last.map(({ level, message }) => `${level} ${message}`)).toEqual(["INFO ending", "INFO ended"]);
    expect(await health()).toEqual({ exitCode: 1, units: [["espalier.service", "warning", "inactive (dead)"]] });
  });
});
