/** What `espalier gateway print-sssd` prints, fed to a real SSSD as it is, but for the password that it leaves out. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  espalierCommand,
  fillSqlite,
  type Gateway,
  type Population,
  person,
  requirePrograms,
  runCommand,
  type Sssd,
  sssdPrograms,
  sssdTurnTimeoutMs,
  startGateway,
  startSssd,
  succeed,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "./lab/index.ts";

const describe = requirePrograms({ ...sssdPrograms, sssctl: "sssd-tools" }, { root: true });

const hosts = { ldap1: "127.0.0.21", ldap2: "127.0.0.22" };
const population: Population = {
  users: [
    person("ann", 2001, { gidNumber: 3001 }),
    person("bob", 2002),
    person("carl", 2003, { status: "suspended" }),
    person("svc-sssd", 2900),
  ],
  groups: [
    { name: "staff", gidNumber: 3001, members: ["ann", "carl"] },
    { name: "on call (night)", gidNumber: 3002, members: [] },
  ],
};

describe("a machine with the printed sssd.conf, and two gateways that let nobody search without a bind", () => {
  const cleanup = new AsyncDisposableStack();
  let folder: TemporaryDirectory;
  let printed: string;
  let filledIn: string;
  let ldap1: Gateway;
  let sssd: Sssd;
  beforeAll(async () => {
    folder = cleanup.use(await temporaryDirectory("client-side"));
    const environment = {
      ...fillSqlite(folder.file("directory.sqlite"), population, { status: true }),
      LDAP_UNENCRYPTED: "false",
      REQUIRE_AUTH_FOR_SEARCH: "true",
    };
    const start = async (name: keyof typeof hosts) =>
      cleanup.use(
        await startGateway({
          ...{ address: hosts[name], port: 636, environment: { ...environment, LDAP_COMMON_NAME: name } },
          configuration: { tls: { selfSignedDirectory: folder.file(name) } },
        }),
      );
    const gateways = await Promise.all([start("ldap1"), start("ldap2")]);
    ldap1 = gateways[0];
    const certificates = ["ldap1", "ldap2"].map((name) => readFileSync(folder.file(`${name}/self-signed/server.crt`)));
    writeFileSync(folder.file("espalier.pem"), Buffer.concat(certificates));
    printed = await succeed(
      process.execPath,
      [
        ...[espalierCommand, "gateway", "print-sssd", "--uri", "ldaps://ldap1", "--uri", "ldaps://ldap2"],
        ...["--ca", folder.file("espalier.pem"), "--bind-dn", "uid=svc-sssd,dc=example,dc=com"],
        ...["--allow-group", "staff", "--allow-group", "on call (night)"],
      ],
      { environment: { LDAP_BASE_DN: "dc=example,dc=com" }, workingDirectory: folder.path },
    );
    filledIn = printed.replace("# ldap_default_authtok =", "ldap_default_authtok = pw-svc-sssd");
    sssd = cleanup.use(await startSssd({ hosts, settings: filledIn }));
    await until("SSSD to find a user", () => sssd.passwd("ann"), { timeoutMs: 20_000 });
  }, sssdTurnTimeoutMs);
  afterAll(() => cleanup.disposeAsync());

  it("has a configuration in which SSSD's own check finds no misspelt option", async () => {
    mkdirSync(folder.file("conf.d"));
    writeFileSync(folder.file("sssd.conf"), filledIn, { mode: 0o600 });
    const parameters = ["config-check", `--config=${folder.file("sssd.conf")}`, `--snippet=${folder.file("conf.d")}`];
    expect(await succeed("sssctl", parameters)).toContain("Issues identified by validators: 0");
  });

  it("has a configuration in which espalier check finds nothing", async () => {
    mkdirSync(folder.file("client"));
    writeFileSync(folder.file("client/sssd.conf"), printed, { mode: 0o600 });
    const parameters = [espalierCommand, "check", "client", "--profile", "strict", "--fail-on", "info"];
    const { exitCode, stdout } = await runCommand(process.execPath, parameters, { workingDirectory: folder.path });
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("Nothing found")]);
  });

  it("finds users and the groups they are in", async () => {
    expect(await sssd.id("ann")).toBe("uid=2001(ann) gid=3001(staff) groups=3001(staff)");
    expect(await sssd.passwd("carl")).toBeUndefined();
  });

  it("logs in members of the allowed groups, with their password, and nobody else", async () => {
    expect(await sssd.login("ann", "pw-ann")).toBe("granted");
    expect(await sssd.login("ann", "pw-bob")).toBe("rejected");
    expect(await sssd.login("bob", "pw-bob")).toBe("refused");
    expect(await sssd.login("svc-sssd", "pw-svc-sssd")).toBe("refused");
  });

  it("goes on with the second gateway when the first is lost", async () => {
    await ldap1.process.kill();
    expect(await sssd.login("ann", "pw-ann")).toBe("granted");
  });
});
