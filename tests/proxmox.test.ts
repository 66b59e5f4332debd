/** What Proxmox VE's realm sync and its login send, through the Perl library it sends them with. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createCertificateAuthority,
  fillSqlite,
  type Gateway,
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

describe.each(["tlsv1_2", "tlsv1_3"])("Proxmox over %s", (tlsVersion) => {
  // More than a page of each: Proxmox asks for 900 users and 100 groups at a time.
  const population = randomPopulation({ seed: 2, users: 1_000, groups: 150 });
  const cleanup = new AsyncDisposableStack();
  let gateway: Gateway;

  beforeAll(async () => {
    const directory = cleanup.use(await temporaryDirectory("proxmox"));
    const certificate = await (await createCertificateAuthority(directory.path)).issue("server", ["localhost"]);
    gateway = cleanup.use(
      await startGateway({
        environment: {
          ...fillSqlite(directory.file("directory.sqlite"), population),
          LDAP_UNENCRYPTED: "false",
          LDAP_CERT_PATH: certificate.certificate,
          LDAP_KEY_PATH: certificate.privateKey,
        },
      }),
    );
  });
  afterAll(() => cleanup.disposeAsync());

  const ask = async (...task: string[]): Promise<unknown> =>
    JSON.parse(await succeed("perl", [script, "127.0.0.1", String(gateway.port), tlsVersion, baseDn, ...task]));

  it("syncs every user, and every group with its members", async () => {
    const { users, groups, userPages, groupPages } = (await ask("sync")) as {
      users: { uid: string; mail: string }[];
      groups: Record<string, string[]>;
      userPages: number;
      groupPages: number;
    };
    expect({ userPages, groupPages }).toEqual({ userPages: 2, groupPages: 2 });
    expect(users.map((user) => user.uid).sort()).toEqual(population.users.map((user) => user.username).sort());
    const members = Object.values(groups).map((names) => names.toSorted().join(" | "));
    expect(members.sort()).toEqual(population.groups.map((group) => group.members.toSorted().join(" | ")).sort());
  });

  it("logs a user in on the connection that searched", async () => {
    const user = population.users.at(-1);
    const { username = "", password = "" } = user ?? {};
    expect(await ask("login", username, password)).toEqual({ found: true, dn: `uid=${username},${baseDn}`, code: 0 });
    expect(await ask("login", username, "wrong")).toMatchObject({ found: true, code: 49 });
    expect(await ask("login", "nobody-such-user", "x")).toEqual({ found: false });
  });
});
