/** `espalier health`: the whole of it over what runs, and the programs that this machine need not have as scripts in their place. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ChildServer,
  createCertificateAuthority,
  freePort,
  requirePrograms,
  runEspalier,
  ServiceReports,
  type Slapd,
  startSlapd,
  type TemporaryDirectory,
  temporaryDirectory,
} from "../../../tests/lab/index.ts";
import { composeRows, systemdRows } from "../src/health/units.ts";
import { espalier } from "./command.ts";

const describeServers = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });

interface Answer {
  readonly status: string;
  readonly rows: readonly {
    readonly part: string;
    readonly name: string;
    readonly status: string;
    readonly detail: string;
  }[];
}

describeServers("espalier health", () => {
  const resources = new AsyncDisposableStack();
  let directory: TemporaryDirectory;
  let slapd: Slapd;
  let up: ChildServer;
  let metrics: number;

  beforeAll(async () => {
    directory = resources.use(await temporaryDirectory("health"));
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("ldap", ["localhost"], 60);
    const ldif = "dn: dc=example,dc=com\nobjectClass: domain\ndc: example\n";
    slapd = resources.use(await startSlapd({ ldif, certificate }));
    metrics = await freePort();
    const configuration = {
      clusters: [
        {
          ...{ name: "people", bind_dn: slapd.rootDn, bind_password: slapd.rootPassword },
          nodes: [{ host: "localhost", port: slapd.ldapsPort, name: "ldap1" }],
          tls: { mode: "ldaps", ca_file: authority.certificate },
        },
      ],
      manager: { listen: `127.0.0.1:${await freePort()}` },
      notify: { listen: `127.0.0.1:${await freePort()}` },
      check: {
        profile: "lab",
        suppressions: ["HST001", "HST002"].map((rule) => ({ rule, reason: "It is the test machine's own matter." })),
      },
      metrics: { listen: `127.0.0.1:${metrics}` },
    };
    writeFileSync(directory.file("espalier.yaml"), JSON.stringify(configuration));
    up = resources.use(runEspalier(["up"], {}, directory));
    const reports = new ServiceReports(`http://127.0.0.1:${metrics}`);
    await up.ready(() => reports.isReady(), 60_000);
  });
  afterAll(() => resources.disposeAsync());

  const ask = () => {
    const { exitCode, stdout } = espalier(["health", "--json"], {}, directory.path);
    return { exitCode, answer: JSON.parse(stdout) as Answer };
  };
  const rowsOf = ({ rows }: Answer, ...parts: string[]) =>
    rows.filter(({ part }) => parts.includes(part)).map(({ part, name, status }) => [part, name, status]);

  it("says that all is well, part by part, and ends with 0", () => {
    const { exitCode, answer } = ask();
    expect(rowsOf(answer, "service")).toEqual(
      [
        ["service", `espalier 127.0.0.1:${metrics}`, "ok"],
        ...["store", "checks", "deliveries", "canary", "clusters"].map((name) => ["service", name, "ok"]),
      ].toSorted(byName(answer)),
    );
    const url = `ldaps://localhost:${slapd.ldapsPort}`;
    expect(rowsOf(answer, "node", "certificate", "database", "queue", "unknown", "finding")).toEqual([
      ["database", "store", "ok"],
      ["node", "people/ldap1", "ok"],
      ["certificate", url, "ok"],
      ["queue", "notifications", "ok"],
    ]);
    expect(answer.rows.find(({ part }) => part === "node")?.detail).toBe(`answers at ${url}, binds`);
    expect(answer.rows.find(({ part }) => part === "certificate")?.detail).toMatch(
      /^TLSv1\.3, valid until \d{4}-\d\d-\d\d \(59 days\)$/,
    );
    expect([exitCode, answer.status]).toEqual([0, "healthy"]);
  });

  it("prints a table that a person reads", () => {
    const { stdout } = espalier(["health"], {}, directory.path);
    const lines = stdout.split("\n");
    expect(lines.find((line) => line.startsWith("node"))).toMatch(/^node +people\/ldap1 +ok +answers at ldaps:/);
    expect(lines.at(-2)).toBe("healthy");
  });

  it("names a server that is gone, and ends with 1", async () => {
    await slapd.process.terminate();
    const { exitCode, answer } = ask();
    expect([exitCode, answer.status]).toEqual([1, "not healthy"]);
    expect(answer.rows.find(({ part }) => part === "node")).toMatchObject({
      name: "people/ldap1",
      status: "failing",
      detail: expect.stringMatching(/^LDP011 ldap1 cannot be reached/),
    });
    await slapd.restart();
  });

  it("says that nothing runs, where nothing does", async () => {
    await up.terminate();
    const { exitCode, answer } = ask();
    expect(exitCode).toBe(1);
    expect(answer.rows[0]).toEqual({
      ...{ part: "service", name: `espalier 127.0.0.1:${metrics}`, status: "failing" },
      detail: "it does not run: nothing listens there",
    });
  });
});

/** In the order in which they are told. */
function byName({ rows }: Answer) {
  const place = (row: readonly (string | undefined)[]) => rows.findIndex(({ name }) => name === row[1]);
  return (left: readonly (string | undefined)[], right: readonly (string | undefined)[]) => place(left) - place(right);
}

describe("what cannot be asked", () => {
  it("is unknown, and ends with 3", async () => {
    await using directory = await temporaryDirectory("health");
    const url = `ldap://127.0.0.1:${await freePort()}`;
    const configuration = {
      proxy: { listen: [`ldap://127.0.0.1:${await freePort()}`], tiers: [{ backends: [url] }] },
      metrics: { listen: "off" },
      check: {
        suppressions: [
          { rule: "LDP011", reason: "Neither the proxy nor its backend runs in this test." },
          { rule: "HST002", reason: "It is the test machine's own matter." },
        ],
      },
    };
    writeFileSync(directory.file("espalier.yaml"), JSON.stringify(configuration));
    const { exitCode, stdout } = espalier(["health"], {}, directory.path);
    expect(stdout).toMatch(/^service +espalier +unknown +metrics\.listen is off, so it cannot be asked$/m);
    expect(exitCode).toBe(3);
  });
});

describe("what starts the services", () => {
  /** A program of that name, first on the path, that prints this. */
  async function withProgram<T>(name: string, script: string, work: (folder: string) => Promise<T>): Promise<T> {
    await using directory = await temporaryDirectory("health-programs");
    const bin = directory.file("bin");
    mkdirSync(bin);
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
    writeFileSync(directory.file("compose.yaml"), "services: {}\n");
    const path = process.env.PATH ?? "";
    process.env.PATH = `${bin}${delimiter}${path}`;
    try {
      return await work(directory.path);
    } finally {
      process.env.PATH = path;
    }
  }
  const printing = (text: string) => `cat <<'END'\n${text}\nEND`;
  const service = (Service: string, State: string, Health = "", ExitCode = 0) =>
    JSON.stringify({ Service, State, Health, ExitCode, Name: `x-${Service}-1` });

  it("is the services of a compose project, as Docker tells of them in either form", async () => {
    const services = [
      service("gateway", "running", "healthy"),
      service("proxy", "running"),
      service("notify", "running", "unhealthy"),
      service("manager", "running", "starting"),
      service("migrate", "exited"),
      service("db", "exited", "", 137),
    ];
    const expected = [
      ["compose", "gateway", "ok", "running, healthy"],
      ["compose", "proxy", "ok", "running"],
      ["compose", "notify", "failing", "running, unhealthy"],
      ["compose", "manager", "warning", "running, starting"],
      ["compose", "migrate", "ok", "exited with 0"],
      ["compose", "db", "failing", "exited with 137"],
    ];
    for (const text of [services.join("\n"), `[${services.join(",")}]`]) {
      const rows = await withProgram("docker", printing(text), composeRows);
      expect(rows.map((row) => [row.part, row.name, row.status, row.detail])).toEqual(expected);
    }
  });

  it("is told where nothing of the project runs, where Docker refuses, and is nothing without a compose file", async () => {
    expect(await withProgram("docker", "true", composeRows)).toMatchObject([{ status: "failing" }]);
    const refusing = "echo 'permission denied while trying to connect' >&2; exit 1";
    expect(await withProgram("docker", refusing, composeRows)).toMatchObject([
      { status: "unknown", detail: "docker failed: permission denied while trying to connect" },
    ]);
    expect(await withProgram("docker", printing("no JSON"), composeRows)).toMatchObject([{ status: "unknown" }]);
    await using empty = await temporaryDirectory("health-empty");
    expect(await withProgram("docker", "exit 1", () => composeRows(empty.path))).toEqual([]);
  });

  it("is systemd's units, where there are any", async () => {
    const units = [
      { unit: "espalier.service", load: "loaded", active: "active", sub: "running" },
      { unit: "espalier-proxy.service", load: "loaded", active: "failed", sub: "failed" },
      { unit: "espalier-gateway.service", load: "loaded", active: "activating", sub: "auto-restart" },
      { unit: "espalier-old.service", load: "not-found", active: "inactive", sub: "dead" },
      { unit: "espalier-notify.service", load: "masked", active: "inactive", sub: "dead" },
      { unit: "espalier-manager.service", load: "bad-setting", active: "active", sub: "running" },
    ];
    const rows = await withProgram("systemctl", printing(JSON.stringify(units)), systemdRows);
    expect(rows.map((row) => [row.part, row.name, row.status, row.detail])).toEqual([
      ["unit", "espalier.service", "ok", "active (running)"],
      ["unit", "espalier-proxy.service", "failing", "failed (failed)"],
      ["unit", "espalier-gateway.service", "warning", "activating (auto-restart)"],
      ["unit", "espalier-manager.service", "failing", "bad-setting, active (running)"],
    ]);
    const absent = "echo 'System has not been booted with systemd as init system' >&2; exit 1";
    expect(await withProgram("systemctl", absent, systemdRows)).toEqual([]);
  });
});
