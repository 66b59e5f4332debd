/** What Proxmox VE's realm sync and its login send, through the Perl library it sends them with, for the realm that is printed. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createCertificateAuthority,
  espalierCommand,
  fillSqlite,
  type Gateway,
  type Population,
  person,
  randomPopulation,
  requirePrograms,
  startGateway,
  succeed,
  temporaryDirectory,
} from "./lab/index.ts";

const describe = requirePrograms({
  perl: "perl",
  "/usr/share/perl5/Net/LDAP.pm": "libnet-ldap-perl",
  "/usr/share/perl5/IO/Socket/SSL.pm": "libio-socket-ssl-perl",
});

const script = fileURLToPath(new URL("proxmox/realm-sync.pl", import.meta.url));
const baseDn = "dc=example,dc=com";

describe("the realm of espalier gateway print-proxmox", () => {
  // More than a page of each: Proxmox asks for 900 users and 100 groups at a time.
  const { users, groups } = randomPopulation({ seed: 2, users: 1_000, groups: 150 });
  const population: Population = { users: [person("svc-proxmox", 900_000), ...users], groups };
  const cleanup = new AsyncDisposableStack();
  let gateway: Gateway;
  let files: { readonly [tlsVersion: string]: string };
  let passwordFile: string;

  beforeAll(async () => {
    const directory = cleanup.use(await temporaryDirectory("proxmox"));
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("server", ["localhost"]);
    gateway = cleanup.use(
      await startGateway({
        environment: {
          ...fillSqlite(directory.file("directory.sqlite"), population),
          LDAP_UNENCRYPTED: "false",
          LDAP_CERT_PATH: certificate.certificate,
          LDAP_KEY_PATH: certificate.privateKey,
          REQUIRE_AUTH_FOR_SEARCH: "true",
        },
      }),
    );
    const printed = await succeed(
      process.execPath,
      [
        ...[espalierCommand, "gateway", "print-proxmox", "--uri", `ldaps://localhost:${gateway.port}`],
        ...["--ca", authority.certificate, "--bind-dn", `uid=svc-proxmox,${baseDn}`],
      ],
      { environment: { LDAP_BASE_DN: baseDn }, workingDirectory: directory.path },
    );
    const stanza = printed.slice(printed.indexOf("# ldap: ldap\n")).replaceAll(/^# /gm, "");
    files = { "TLS 1.2": directory.file("domains.cfg"), "TLS 1.3": directory.file("domains-1.3.cfg") };
    writeFileSync(files["TLS 1.2"]!, stanza);
    writeFileSync(files["TLS 1.3"]!, `${stanza}\tsslversion tlsv1_3\n`);
    passwordFile = directory.file("ldap.pw");
    writeFileSync(passwordFile, "pw-svc-proxmox");
  });
  afterAll(() => cleanup.disposeAsync());

  const ask = async (tlsVersion: string, ...task: string[]): Promise<unknown> =>
    JSON.parse(await succeed("perl", [script, files[tlsVersion]!, passwordFile, ...task]));

  it.each(["TLS 1.2", "TLS 1.3"])("syncs every user, and every group with its members, over %s", async (tlsVersion) => {
    const found = (await ask(tlsVersion, "sync")) as {
      users: { uid: string; email: string | null; firstname: string | null; lastname: string | null }[];
      groups: Record<string, string[]>;
      userPages: number;
      groupPages: number;
    };
    expect([found.userPages, found.groupPages]).toEqual([2, 2]);
    const synced = new Map(found.users.map((user) => [user.uid, user]));
    expect([...synced.keys()].sort()).toEqual(population.users.map((user) => user.username).sort());
    expect(population.users.filter(({ firstName }) => firstName !== undefined).length).toBeGreaterThan(100);
    for (const { username, firstName, mail } of population.users) {
      if (firstName !== undefined) expect(synced.get(username)?.firstname).toBe(firstName);
      if (mail !== undefined) expect(synced.get(username)?.email).toBe(mail);
    }
    const members = Object.values(found.groups).map((names) => names.toSorted().join(" | "));
    expect(members.sort()).toEqual(population.groups.map((group) => group.members.toSorted().join(" | ")).sort());
  });

  it.each(["TLS 1.2", "TLS 1.3"])("logs a user in on the connection that searched, over %s", async (tlsVersion) => {
    const user = population.users.at(-1);
    const { username = "", password = "" } = user ?? {};
    const login = (name: string, tried: string) => ask(tlsVersion, "login", name, tried);
    expect(await login(username, password)).toEqual({ found: true, dn: `uid=${username},${baseDn}`, code: 0 });
    expect(await login(username, "wrong")).toMatchObject({ found: true, code: 49 });
    expect(await login("nobody-such-user", "x")).toEqual({ found: false });
  });
});
