/** Postfix's LDAP tables as docs/clients/postfix.md configures them. */
import { chmod, chown, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { requirePrograms, succeed, temporaryDirectory, until } from "../lab/index.ts";
import { type Postfix, startPostfix } from "../lab/postfix.ts";
import { ClientDocument } from "./document.ts";
import { type Site, startSite } from "./site.ts";

const describe = requirePrograms(
  {
    postgres: "postgresql-15",
    openssl: "openssl",
    postfix: "postfix",
    "/usr/lib/postfix/postfix-ldap.so": "postfix-ldap",
  },
  { root: true },
);

const taken = "250 2.1.5 Ok";
const unknown = expect.stringMatching(/^550 5\.1\.1 .*User unknown/);
const tryAgain = expect.stringMatching(/^451 4\.3\.0 .*Temporary lookup failure/);

describe("Postfix", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let postfix: Postfix;
  let tables: string;
  beforeAll(async () => {
    site = cleanup.use(await startSite());
    const page = new ClientDocument("postfix");
    const directory = cleanup.use(await temporaryDirectory("postfix-ldap"));
    await chmod(directory.path, 0o755);
    tables = directory.file("ldap-");
    const group = Number(await succeed("id", ["-g", "postfix"]));
    for (const table of ["mailboxes", "lists"]) {
      const replacements = { ...site.hosts, "/etc/ssl/certs/espalier.pem": site.authority };
      const file = `${tables}${table}.cf`;
      await writeFile(file, page.file(`/etc/postfix/ldap-${table}.cf`, replacements), { mode: 0o640 });
      await chown(file, 0, group);
    }
    const replacements = { "/etc/postfix/ldap-": tables, "lmtp:unix:private/dovecot-lmtp": "discard:" };
    postfix = cleanup.use(await startPostfix(page.file("/etc/postfix/main.cf", replacements)));
  });
  afterAll(() => cleanup.disposeAsync());

  /** One after the other, so that they share a connection to a gateway. */
  const offer = async (...recipients: string[]) => {
    const answers: string[] = [];
    for (const recipient of recipients) answers.push(await postfix.offer(recipient));
    return answers;
  };
  /** What postmap prints, or what it says of an error. */
  const lookUp = async (key: string, table: "mailboxes" | "lists") => {
    const { stdout, stderr } = await postfix.lookUp(key, `ldap:${tables}${table}.cf`);
    return stderr.includes("query error") ? "query error" : stdout.trim();
  };

  it("takes mail for the members of the group and for its list", async () => {
    const known = ["ann.smith@example.com", "Dora@Example.COM", "team@lists.example.com"];
    expect(await offer(...known)).toEqual(known.map(() => taken));
  });

  it("refuses mail for who is not in the group, suspended, not there, a filter, or a list of that name", async () => {
    const strangers = ["bob", "carl", "nobody-such-user", "an*"].map((name) => `${name}@example.com`);
    const lists = ["svc-directory@lists.example.com", "nothing@lists.example.com"];
    expect(await offer(...strangers, ...lists)).toEqual([...strangers, ...lists].map(() => unknown));
  });

  it("finds the mailbox of an address, and the addresses of a group's members", async () => {
    expect(await lookUp("ann.smith@example.com", "mailboxes")).toBe("ann");
    expect(await lookUp("bob@example.com", "mailboxes")).toBe("");
    expect(await lookUp("team@lists.example.com", "lists")).toBe("Ann.Smith@example.com,dora@example.com");
    expect(await lookUp("admins@lists.example.com", "lists")).toBe("Ann.Smith@example.com");
  });

  it("goes on with the second gateway when the first is killed", async () => {
    await site.killFirst();
    expect(await offer("dora@example.com")).toEqual([taken]);
    expect(await offer("bob@example.com")).toEqual([unknown]);
  });

  it("refuses nobody who is there while the database is away, and says of a new connection that it cannot tell", async () => {
    await site.postgres.stop();
    const [dora, bob] = await offer("dora@example.com", "bob@example.com");
    // 451 where Postfix has just started another proxymap.
    expect([dora, bob]).toEqual([expect.stringMatching(/^(250|451) /), expect.stringMatching(/^(550|451) /)]);
    expect(await lookUp("nobody-such-user@example.com", "mailboxes")).toBe("query error");
    await site.postgres.start();
    expect(await lookUp("ann.smith@example.com", "mailboxes")).toBe("ann");
  });

  it("asks to try again when the gateways are gone or have nothing to answer from, and goes on when they are back", async () => {
    const recipients = [
      "ann.smith@example.com",
      "nobody@example.com",
      "team@lists.example.com",
      "no@lists.example.com",
    ];
    await site.killBoth();
    expect(await offer(...recipients)).toEqual(recipients.map(() => tryAgain));
    await site.startBoth();
    expect(await offer(...recipients)).toEqual([taken, unknown, taken, unknown]);
    await site.loseEverything();
    expect(await offer(...recipients)).toEqual(recipients.map(() => tryAgain));
    await site.recover();
    await until("mail to be taken", async () => (await postfix.offer("ann.smith@example.com")) === taken);
    expect(await offer(...recipients)).toEqual([taken, unknown, taken, unknown]);
  }, 60_000);
});
