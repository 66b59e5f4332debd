/** nslcd as docs/clients/nslcd.md configures it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { requirePrograms, until } from "../lab/index.ts";
import { type Nslcd, nslcdPrograms, startNslcd } from "../lab/nslcd.ts";
import { ClientDocument } from "./document.ts";
import { type Site, startSite } from "./site.ts";

const describe = requirePrograms(
  { postgres: "postgresql-15", openssl: "openssl", perl: "perl", ...nslcdPrograms },
  { root: true },
);

describe("nslcd", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let nslcd: Nslcd;
  beforeAll(async () => {
    const page = new ClientDocument("nslcd");
    const { gateway } = parse(page.file("/etc/espalier/espalier.yaml")) as { gateway: { outage: object } };
    site = cleanup.use(await startSite(gateway));
    const replacements = { ...site.hosts, "/etc/ssl/certs/espalier.pem": site.authority };
    const configuration = page.file("/etc/nslcd.conf", replacements);
    nslcd = cleanup.use(await startNslcd({ configuration, nameServices: page.file("/etc/nsswitch.conf") }));
  });
  afterAll(() => cleanup.disposeAsync());

  const lookUp = async (...words: string[]) => (await nslcd.run("getent", words)).stdout.trim();
  const groupsOf = async (user: string) => (await nslcd.run("id", [user])).stdout.trim();

  it("finds a user by name and by number", async () => {
    const line = "ann:*:2001:3001:Ann Smith:/home/ann:/bin/bash";
    expect([await lookUp("passwd", "ann"), await lookUp("passwd", "2001")]).toEqual([line, line]);
  });

  it("finds a group, with its members, by name and by number", async () => {
    const line = "team:*:3001:ann,dora";
    expect([await lookUp("group", "team"), await lookUp("group", "3001")]).toEqual([line, line]);
  });

  it("finds a user's groups, and a group of their own where the primary number is no group's", async () => {
    expect(await groupsOf("ann")).toBe("uid=2001(ann) gid=3001(team) groups=3001(team),3002(admins)");
    expect(await groupsOf("bob")).toBe("uid=2002(bob) gid=2002(bob) groups=2002(bob)");
  });

  it("finds nobody who is not there or is suspended", async () => {
    expect([await answerFor("nobody-such-user"), await answerFor("carl")]).toEqual(["nobody", "nobody"]);
  });

  it("lets nobody of the directory be a user of the machine's own", async () => {
    await site.postgres.psql(
      `INSERT INTO "Users" ("uidNumber", "uid", "gidNumber", "userPassword", "status")
       SELECT 500, 'service', 3001, "userPassword", 'active' FROM "Users" WHERE "uid" = 'ann'`,
    );
    expect(await answerFor("service")).toBe("nobody");
    expect(await nslcd.login("service", "pw-ann")).toBe("rejected");
  });

  it("logs a member of the group in with the password, and with nothing else", async () => {
    expect(await nslcd.login("ann", "pw-ann")).toBe("granted");
    expect(await nslcd.login("ann", "pw-bob")).toBe("rejected");
    expect(await nslcd.login("ann", "")).toBe("rejected");
    expect(await nslcd.login("carl", "pw-carl")).toBe("rejected");
    expect(await nslcd.login("nobody-such-user", "pw-ann")).toBe("rejected");
  });

  it("refuses who is not in the group, whose password is right", async () => {
    expect(await nslcd.login("bob", "pw-bob")).toBe("refused");
  });

  it("goes on with the second gateway when the first is killed", async () => {
    await site.killFirst();
    expect(await nslcd.login("dora", "pw-dora")).toBe("granted");
    expect(await answerFor("ann")).toBe("found");
  });

  it("knows everybody and logs them in while the database is away", async () => {
    await site.postgres.stop();
    expect(await nslcd.login("ann", "pw-ann")).toBe("granted");
    expect(await nslcd.login("ann", "pw-bob")).toBe("rejected");
    expect([await answerFor("dora"), await answerFor("nobody-such-user")]).toEqual(["found", "nobody"]);
    await site.postgres.start();
  });

  it("says that it cannot tell when the gateways have nothing to answer from or are gone, and goes on when they are back", async () => {
    const away = { ann: "unavailable", nobody: "unavailable", login: "unavailable" };
    await site.killBoth();
    expect(await outlook()).toEqual(away);
    await site.startBoth();
    await until("nslcd to be back", async () => (await answerFor("ann")) === "found", { timeoutMs: 20_000 });
    await site.loseEverything();
    expect(await outlook()).toEqual(away);
    await site.recover();
    await until("nslcd to be back", async () => (await answerFor("ann")) === "found", { timeoutMs: 20_000 });
    expect(await outlook()).toEqual({ ann: "found", nobody: "nobody", login: "granted" });
  }, 60_000);

  /** All at once, as each may take as long as nslcd tries. */
  async function outlook() {
    const [ann, nobody, login] = await Promise.all([
      answerFor("ann"),
      answerFor("nobody-such-user"),
      nslcd.login("ann", "pw-ann"),
    ]);
    return { ann, nobody, login };
  }

  /** What a program learns that asks for a user: getpwnam(3) gives nobody without an error, and an outage with one. */
  async function answerFor(user: string): Promise<"found" | "nobody" | "unavailable"> {
    const script = "$! = 0; my @user = getpwnam(shift); print @user ? 'found' : $! ? 'unavailable' : 'nobody'";
    return (await nslcd.run("perl", ["-e", script, user])).stdout as "found" | "nobody" | "unavailable";
  }
});
