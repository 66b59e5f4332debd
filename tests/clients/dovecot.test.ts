/** Dovecot as docs/clients/dovecot.md configures it. */
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { type Dovecot, mailOwner, startDovecot } from "../lab/dovecot.ts";
import { requirePrograms, temporaryDirectory, until } from "../lab/index.ts";
import { ClientDocument } from "./document.ts";
import { type Site, startSite } from "./site.ts";

const describe = requirePrograms(
  {
    postgres: "postgresql-15",
    openssl: "openssl",
    dovecot: "dovecot-core",
    "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/modules/auth/libauthdb_ldap.so": "dovecot-ldap",
  },
  { root: true },
);

const opened = expect.stringMatching(/^OK \[READ-WRITE\]/);
const refused = "NO [AUTHENTICATIONFAILED] Authentication failed.";
const temporary = expect.stringMatching(/^NO \[UNAVAILABLE\] Temporary authentication failure/);

describe("Dovecot", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let dovecot: Dovecot;
  beforeAll(async () => {
    const page = new ClientDocument("dovecot");
    const { gateway } = parse(page.file("/etc/espalier/espalier.yaml")) as { gateway: { outage: object } };
    site = cleanup.use(await startSite(gateway));
    const directory = cleanup.use(await temporaryDirectory("dovecot-ldap"));
    const ldapFile = directory.file("dovecot-ldap.conf.ext");
    const replacements = { ...site.hosts, "/etc/ssl/certs/espalier.pem": site.authority };
    await writeFile(ldapFile, page.file("/etc/dovecot/dovecot-ldap.conf.ext", replacements), { mode: 0o600 });
    dovecot = cleanup.use(
      await startDovecot((folder) =>
        page.file("/etc/dovecot/conf.d/auth-ldap.conf.ext", {
          "/etc/dovecot/dovecot-ldap.conf.ext": ldapFile,
          "uid=vmail gid=vmail": `uid=${mailOwner} gid=${mailOwner}`,
          "/var/vmail": folder,
        }),
      ),
    );
  });
  afterAll(() => cleanup.disposeAsync());

  /** The home of a user's mail, or the exit code of the look-up (sysexits.h): 67 no such user, 75 try again. */
  const homeOf = async (user: string) => {
    const { exitCode, stdout } = await dovecot.doveadm("user", "-f", "home", user);
    return exitCode === 0 ? stdout.trim() : exitCode;
  };

  it("opens the inbox to a member of the group, by name or address, with the password", async () => {
    expect(await dovecot.openInbox("ann", "pw-ann")).toEqual(opened);
    expect(await dovecot.openInbox("Ann.Smith@example.com", "pw-ann")).toEqual(opened);
  });

  it("refuses another password, and who is not in the group, suspended, not there, or a filter", async () => {
    const attempts = [
      ["ann", "pw-bob"],
      ["ann", ""],
      ["bob", "pw-bob"],
      ["carl", "pw-carl"],
      ["nobody-such-user", "pw-ann"],
      ["an*", "pw-ann"],
      ["ann)(uid=*", "pw-ann"],
    ] as const;
    const answers = await Promise.all(attempts.map(([user, password]) => dovecot.openInbox(user, password)));
    expect(answers).toEqual(attempts.map(() => refused));
  });

  it("finds the mail of the group's members, and that of nobody else", async () => {
    expect(await homeOf("ann")).toMatch(/\/ann$/);
    expect(await homeOf("Ann.Smith@example.com")).toBe(await homeOf("ann"));
    expect(await homeOf("bob")).toBe(67);
    expect((await dovecot.doveadm("user", "*")).stdout).toBe("ann\ndora\n");
  });

  it("goes on with the second gateway when the first is killed", async () => {
    await site.killFirst();
    expect(await dovecot.openInbox("dora", "pw-dora")).toEqual(opened);
    expect(await dovecot.openInbox("dora", "pw-bob")).toBe(refused);
  });

  it("knows everybody and logs them in while the database is away", async () => {
    await site.postgres.stop();
    expect(await dovecot.openInbox("ann", "pw-ann")).toEqual(opened);
    expect(await dovecot.openInbox("ann", "pw-dora")).toBe(refused);
    expect([await homeOf("dora"), await homeOf("nobody-such-user")]).toEqual([expect.stringMatching(/\/dora$/), 67]);
    await site.postgres.start();
  });

  it("asks to try again when the gateways are gone or have nothing to answer from, and goes on when they are back", async () => {
    await site.killBoth();
    expect(await outlook()).toEqual([temporary, temporary, 75, 75]);
    await site.startBoth();
    expect(await dovecot.openInbox("ann", "pw-ann")).toEqual(opened);
    await site.loseEverything();
    expect(await outlook()).toEqual([temporary, temporary, 75, 75]);
    await site.recover();
    await until("the inbox to open", async () => (await dovecot.openInbox("ann", "pw-ann")).startsWith("OK"));
    expect(await homeOf("nobody-such-user")).toBe(67);
  }, 60_000);

  /** All at once, as each may take as long as Dovecot tries. */
  const outlook = () =>
    Promise.all([
      dovecot.openInbox("ann", "pw-ann"),
      dovecot.openInbox("nobody-such-user", "pw-ann"),
      homeOf("ann"),
      homeOf("nobody-such-user"),
    ]);
});
