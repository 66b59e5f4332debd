import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProject } from "@espalier/check";
import {
  loadGatewayConfiguration,
  loadManagerConfiguration,
  loadNotifyConfiguration,
  loadProxyConfiguration,
  loadWholeConfiguration,
} from "espalier/configuration";
import { describe, expect, onTestFinished, test } from "vitest";
import { espalierCommand, requirePrograms } from "./lab/index.ts";

const root = join(import.meta.dirname, "..");
const deploy = join(root, "deploy");

requirePrograms({ "systemd-analyze": "systemd" })("the systemd units", () => {
  const files = readdirSync(join(deploy, "systemd")).sort();
  const units = files.filter((file) => file.endsWith(".service"));

  test("are one for each service, one for all together, and a backup each night", () => {
    const services = ["gateway", "manager", "notify", "proxy"].map((name) => `espalier-${name}.service`);
    expect(files).toEqual(["espalier-backup.service", "espalier-backup.timer", ...services, "espalier.service"]);
  });

  test.each(units)("%s leaves no more open than 2.0 of 10", (unit) => {
    const output = execFileSync(
      "systemd-analyze",
      ["security", "--offline=true", "--no-pager", join(deploy, "systemd", unit)],
      { encoding: "utf8" },
    );
    const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(output) ?? [];
    expect(Number(level)).toBeLessThanOrEqual(2);
  });
});

describe("the compose files", () => {
  const files = { whole: "deploy/compose.yaml", small: "deploy/compose.small.yaml" };

  test.each(Object.values(files))("%s can be read, and all its variables have a value", (file) => {
    const { unreadable, compose } = read(file);
    expect(unreadable).toEqual([]);
    expect(compose.variables.filter(({ from }) => from === "nothing")).toEqual([]);
  });

  test.each(["ldap1", "ldap2"])("%s starts with what it is given", (name) => {
    const { gateway } = loadGatewayConfiguration(environmentOf(files.whole, name), undefined);
    expect(gateway).toMatchObject({ base: "dc=example,dc=com", commonName: name });
  });

  test("proxy, manager and notifications start with what they are given", () => {
    const file = join(deploy, "compose", "espalier.yaml");
    expect(loadProxyConfiguration(environmentOf(files.whole, "proxy"), file).proxy.tiers).toMatchObject([
      { backends: [{ name: "ldap1:636" }, { name: "ldap2:636" }] },
    ]);
    expect(loadManagerConfiguration(environmentOf(files.whole, "manager"), file).manager.listen).toEqual({
      host: "0.0.0.0",
      port: 8000,
    });
    expect(loadNotifyConfiguration(environmentOf(files.whole, "notify"), file).notify.listen).toEqual({
      host: "0.0.0.0",
      port: 5000,
    });
  });

  test("so does the one container", () => {
    const file = join(deploy, "compose", "small.yaml");
    const configuration = loadWholeConfiguration(environmentOf(files.small, "espalier"), file);
    expect(Object.keys(configuration).filter((key) => configuration[key as keyof typeof configuration])).toEqual(
      expect.arrayContaining(["gateway", "manager", "clusters", "notify", "store"]),
    );
  });
});

test("the strictest profile finds nothing in deploy/ but what is taken on there, each with a reason", () => {
  const parameters = ["check", "deploy", "--profile", "strict", "--fail-on", "info", "--format", "json"];
  const { status, stdout } = spawnSync(process.execPath, [espalierCommand, ...parameters], {
    cwd: root,
    encoding: "utf8",
  });
  const report = JSON.parse(stdout) as CheckReport;
  expect(report.findings.filter(({ suppressed }) => suppressed === undefined)).toEqual([]);
  expect([status, report.unreadable, report.suppressions.filter(({ state }) => state !== "used")]).toEqual([0, [], []]);
  expect(report.findings.every(({ suppressed }) => (suppressed?.reason.length ?? 0) > 20)).toBe(true);
});

interface CheckReport {
  readonly findings: readonly { readonly suppressed?: { readonly reason: string } }[];
  readonly unreadable: readonly unknown[];
  readonly suppressions: readonly { readonly state: string }[];
}

requirePrograms({ promtool: "prometheus", amtool: "prometheus-alertmanager" })("what the containers mount", () => {
  test("Prometheus takes its configuration", () => {
    const folder = temporaryFolder();
    for (const file of ["compose/prometheus.yml", "prometheus/alerts.yml", "prometheus/slo-rules.yml"]) {
      execFileSync("cp", [join(deploy, file), folder]);
    }
    const output = execFileSync("promtool", ["check", "config", join(folder, "prometheus.yml")], { encoding: "utf8" });
    expect(output).toMatch(/SUCCESS: .*prometheus\.yml is valid/);
  });

  test("Alertmanager takes its configuration", () => {
    const file = join(deploy, "compose", "alertmanager.yml");
    expect(execFileSync("amtool", ["check-config", file], { encoding: "utf8" })).toContain("SUCCESS");
  });
});

function read(file: string) {
  const project = readProject({ root, paths: [], composeFiles: [file], environment: {} });
  const [compose] = project.of("compose");
  return { unreadable: project.unreadable, compose: compose! };
}

/** What a service of a compose file has in its environment, its secrets as files that are there. */
function environmentOf(file: string, name: string): Record<string, string | undefined> {
  const { compose } = read(file);
  const service = compose.services.find((each) => each.name === name);
  const secrets = temporaryFolder();
  const texts: Readonly<Record<string, string>> = {
    sql_uri: "postgres://gateway:secret@postgres/users",
    store_url: "postgres://espalier:secret@postgres/espalier",
    alertmanager_token: "a-token-that-is-long-enough",
  };
  for (const [secret, text] of Object.entries(texts)) writeFileSync(join(secrets, secret), text);
  const entries = service?.environment.map(({ name: key, value }) => [key, value?.replace("/run/secrets", secrets)]);
  return Object.fromEntries(entries ?? []);
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "espalier-deploy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
