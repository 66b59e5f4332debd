/** Binds, RFC 4511 §4.2 and RFC 4513 §5.1: who gets in, and that everything else fails closed. */
import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import {
  decodePasswordPolicyResponse,
  findControl,
  LdapError,
  Oid,
  passwordPolicyControl,
  ResultCode,
} from "@espalier/ldap";
import { type LdapClient, LdapClientError } from "@espalier/ldap/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../../../tests/lab/until.ts";
import { type GatewaySettings, type RunningGateway, runGateway } from "../support/running-gateway.ts";
import { UserTables } from "../support/user-tables.ts";

const base = "dc=example,dc=com";
const hashOf = (password: string) => `{SHA}${createHash("sha1").update(password).digest("base64")}`;
/** Many wrong passwords come from here; what is counted is tested apart. */
const uncounted: GatewaySettings = { backoff: { exemptAddresses: ["127.0.0.1"] } };

function fill(tables: UserTables): void {
  const user = { uid_number: 1000, gid_number: 5 };
  tables.putUser(1, { ...user, username: "ann", password: hashOf("secret") });
  tables.putUser(2, { ...user, username: "Zoë", password: hashOf("größer") });
  tables.putUser(3, { ...user, username: "gone", password: hashOf("secret"), status: "suspended" });
  tables.putUser(4, { ...user, username: "nopassword" });
  tables.putUser(5, { ...user, username: "strange", password: "{ROT13}frperg" });
  tables.putUser(6, { ...user, username: "plain", password: "secret" });
  tables.putUser(7, {
    ...user,
    username: "twofactors",
    password: hashOf("secret"),
    auth_backends: "sql, notification",
  });
  tables.putUser(8, { ...user, username: "onefactor", password: hashOf("secret"), auth_backends: " sql " });
  tables.putUser(9, { ...user, username: "x,y+z", password: hashOf("secret") });
  tables.putUser(10, { ...user, username: "noid", uid_number: null, password: hashOf("secret") });
  tables.putUser(11, {
    ...user,
    username: "crypted",
    password:
      "$6$rounds=1000$salt$GG/cWJQBcyg5EuLUPX6NGQ7gRYvNgfVqhSsQsHPHrDNkUkYSMBRc2fuXA5XrCZH0GJHVa/J1HU/r/DrUPnVO41",
  });
  tables.putGroup(1, { name: "admins", gid_number: 5 });
}

/** The result code of a bind, and who the session then is. */
async function bound(client: LdapClient, name: string, password: string): Promise<string> {
  const code = await client.bind(name, password, { allowUnauthenticated: true }).then(
    () => 0,
    (error: unknown) => {
      if (error instanceof LdapError) return error.resultCode;
      throw error;
    },
  );
  return `${code} ${(await client.whoAmI()).authzId}`;
}

const dropped = (error: unknown) => error instanceof LdapClientError && error.code !== "ERR_OPERATION_TIMEOUT";

describe("a bind", () => {
  let tables: UserTables;
  let running: RunningGateway;
  let client: LdapClient;
  beforeAll(async () => {
    tables = new UserTables();
    fill(tables);
    running = await runGateway(tables, uncounted);
    client = await running.client();
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
    tables[Symbol.dispose]();
  });
  const lastReason = () => running.log.findLast(({ message }) => message === "bind")?.reason;

  it.each([
    ["the right password", `uid=ann,${base}`, "secret", `0 dn:uid=ann,${base}`],
    ["a DN in other letter case and with spaces", "UID = ANN , DC=Example,dc=COM", "secret", `0 dn:uid=ann,${base}`],
    ["a password and a name beyond ASCII", `uid=Zoë,${base}`, "größer", `0 dn:uid=Zoë,${base}`],
    ["a name with characters that DNs escape", `uid=x\\2cy\\2bz,${base}`, "secret", `0 dn:uid=x\\,y\\+z,${base}`],
    [
      "the user name as cn, as clients of the system before send it",
      `cn=ann,${base}`,
      "secret",
      `0 dn:uid=ann,${base}`,
    ],
    ["the user name at any depth under the base", `cn=Ann,ou=any,ou=where,${base}`, "secret", `0 dn:uid=ann,${base}`],
    ["auth_backends that name only sql", `uid=onefactor,${base}`, "secret", `0 dn:uid=onefactor,${base}`],
    ["no name and no password", "", "", "0 "],
  ])("with %s is success", async (_, name, password, outcome) => {
    expect(await bound(client, name, password)).toBe(outcome);
  });

  it.each([
    ["a wrong password", `uid=ann,${base}`, "Secret", "wrong password"],
    ["a password with a space behind it", `uid=ann,${base}`, "secret ", "wrong password"],
    ["another user's password", `uid=ann,${base}`, "größer", "wrong password"],
    ["a user that is not there", `uid=nobody,${base}`, "secret", "unknown user"],
    ["a suspended user", `uid=gone,${base}`, "secret", "suspended or unusable row"],
    ["a row that cannot be an entry", `uid=noid,${base}`, "secret", "suspended or unusable row"],
    ["a user without a password", `uid=nopassword,${base}`, "secret", "no password"],
    ["a password scheme that is unknown", `uid=strange,${base}`, "secret", "stored password unsupported"],
    ["a clear-text password where none is allowed", `uid=plain,${base}`, "secret", "stored password unsupported"],
    ["the stored hash as the password", `uid=ann,${base}`, hashOf("secret"), "wrong password"],
    [
      "auth_backends that name one that is not there",
      `uid=twofactors,${base}`,
      "secret",
      "authentication backend not available",
    ],
    ["a group", `cn=admins,${base}`, "secret", "unknown user"],
    ["the base itself", base, "secret", "unknown DN"],
    ["a DN above the base", "dc=com", "secret", "unknown DN"],
    ["a DN beside the base", "uid=ann,dc=example,dc=org", "secret", "unknown DN"],
    ["a DN that only ends in the same letters", "uid=ann,dc=notexample,dc=com", "secret", "unknown DN"],
    ["the root DSE's and schema's neighbours", "cn=Subschema", "secret", "unknown DN"],
    ["an RDN of two parts", `uid=ann+cn=ann,${base}`, "secret", "unknown DN"],
    ["an SQL injection for a name", `uid=ann' OR '1'='1,${base}`, "secret", "unknown user"],
  ])("with %s is 49, and the log alone says why", async (_, name, password, reason) => {
    expect(await bound(client, name, password)).toBe("49 ");
    expect(lastReason()).toBe(reason);
  });

  it("without a name but with a password is 49", async () => {
    expect(await bound(client, "", "secret")).toBe("49 ");
  });

  it.each([["a user"], ["nobody"], ["a DN outside the base"]])("of %s with an empty password is 53", async (who) => {
    const name = { "a user": `uid=ann,${base}`, nobody: `uid=nobody,${base}` }[who] ?? "cn=root,dc=evil";
    expect(await bound(client, name, "")).toBe("53 ");
  });

  it("with what is no DN is invalidDnSyntax", async () => {
    expect(await bound(client, "ann", "secret")).toBe("34 ");
    expect(await bound(client, `${base},`, "secret")).toBe("34 ");
  });

  it("that succeeds again makes the session another user's; one that fails makes it anonymous", async () => {
    expect(await bound(client, `uid=ann,${base}`, "secret")).toBe(`0 dn:uid=ann,${base}`);
    expect(await bound(client, `uid=onefactor,${base}`, "secret")).toBe(`0 dn:uid=onefactor,${base}`);
    expect(await bound(client, `uid=onefactor,${base}`, "wrong")).toBe("49 ");
    expect(await bound(client, `uid=ann,${base}`, "secret")).toBe(`0 dn:uid=ann,${base}`);
    expect(await bound(client, `uid=ann,${base}`, "")).toBe("53 ");
  });

  it("with the password policy control, which SSSD sends without a value, answers it", async () => {
    const controls = [passwordPolicyControl()];
    const success = await client.bind(`uid=ann,${base}`, "secret", { controls });
    const response = { warning: undefined, error: undefined };
    expect(decodePasswordPolicyResponse(findControl(success.controls, Oid.passwordPolicy)!)).toEqual(response);
    const refusal = await client.bind(`uid=ann,${base}`, "wrong", { controls }).catch((error) => error.result);
    expect(refusal.resultCode).toBe(ResultCode.invalidCredentials);
    expect(decodePasswordPolicyResponse(findControl(refusal.controls, Oid.passwordPolicy)!)).toEqual(response);
  });

  it("reads the row as it is now, whatever the last refresh found", async () => {
    tables.putUser(20, { username: "new", uid_number: 20, gid_number: 5, password: hashOf("first") });
    expect(await bound(client, `uid=new,${base}`, "first")).toBe(`0 dn:uid=new,${base}`);
    tables.putUser(20, { username: "new", uid_number: 20, gid_number: 5, password: hashOf("second") });
    expect(await bound(client, `uid=new,${base}`, "first")).toBe("49 ");
    expect(await bound(client, `uid=new,${base}`, "second")).toBe(`0 dn:uid=new,${base}`);
    tables.putUser(20, {
      username: "new",
      uid_number: 20,
      gid_number: 5,
      password: hashOf("second"),
      status: "suspended",
    });
    expect(await bound(client, `uid=new,${base}`, "second")).toBe("49 ");
  });
});

describe("wrong passwords without end", () => {
  it("are refused uncompared, with the same code, and then so is the right one", async () => {
    using tables = new UserTables();
    fill(tables);
    await using running = await runGateway(tables);
    const client = await running.client();
    for (let i = 0; i < 10; i++) expect(await bound(client, `uid=ann,${base}`, `guess ${i}`)).toBe("49 ");
    expect(await bound(client, `cn=ANN,${base}`, "secret")).toBe("49 ");
    expect(running.log.findLast(({ message }) => message === "bind")?.reason).toBe("backed off: accountAtAddress");
    expect(await bound(client, `uid=onefactor,${base}`, "secret")).toBe(`0 dn:uid=onefactor,${base}`);
  });
});

describe("while the database is away", () => {
  const away = (tables: UserTables) => renameSync(tables.path, `${tables.path}.away`);
  const back = (tables: UserTables) => renameSync(`${tables.path}.away`, tables.path);

  it("a bind drops the connection, so that the client tries another server", async () => {
    using tables = new UserTables();
    fill(tables);
    await using running = await runGateway(tables, uncounted);
    away(tables);
    for (const name of [`uid=ann,${base}`, `uid=nobody,${base}`]) {
      const client = await running.client();
      await expect(client.bind(name, "secret")).rejects.toSatisfy(dropped);
    }
    const outside = await running.client();
    expect(await bound(outside, "cn=root,dc=evil", "secret")).toBe("49 ");
    back(tables);
    expect(await bound(await running.client(), `uid=ann,${base}`, "secret")).toBe(`0 dn:uid=ann,${base}`);
  });

  it("a client that connects anew without a pause loses its connections after a second each, and nobody else does", async () => {
    using tables = new UserTables();
    fill(tables);
    await using running = await runGateway(tables, uncounted);
    away(tables);
    const ends = async (name: string) => {
      const client = await running.client();
      await expect(client.bind(`${name},${base}`, "secret")).rejects.toSatisfy(dropped);
      return name;
    };
    for (let i = 0; i < 5; i++) await ends("uid=ann");
    const startMs = performance.now();
    const hasty = ends("UID=Ann");
    expect(await Promise.race([hasty, ends("uid=bob")])).toBe("uid=bob");
    await hasty;
    expect(performance.now() - startMs).toBeGreaterThan(900);
  });

  it("binds go on against the last known hash, by option, for its time, and admit nobody that the row would not", async () => {
    using tables = new UserTables();
    fill(tables);
    const outage = { binds: "lastKnown", lastKnownFor: "1s" };
    await using running = await runGateway(tables, { ...uncounted, outage });
    away(tables);
    const awaySince = performance.now();
    const client = await running.client();
    expect(await bound(client, `uid=ann,${base}`, "secret")).toBe(`0 dn:uid=ann,${base}`);
    expect(await bound(client, `uid=ann,${base}`, "wrong")).toBe("49 ");
    for (const username of ["gone", "nopassword", "twofactors", "nobody"]) {
      await expect((await running.client()).bind(`uid=${username},${base}`, "secret")).rejects.toSatisfy(dropped);
    }
    await until("the last known hash to be too old", async () => {
      const late = await running.client();
      return late.bind(`uid=ann,${base}`, "secret").then(() => false, dropped);
    });
    expect(performance.now() - awaySince).toBeGreaterThan(900);
  });
});

describe("binds against the snapshot", () => {
  it("need no query, follow a refresh, and admit nobody that the row would not", async () => {
    using tables = new UserTables();
    fill(tables);
    await using running = await runGateway(tables, { ...uncounted, binds: { source: "snapshot" } });
    const client = await running.client();
    expect(await bound(client, `uid=ANN,${base}`, "secret")).toBe(`0 dn:uid=ann,${base}`);
    expect(await bound(client, `uid=ann,${base}`, "wrong")).toBe("49 ");
    for (const username of ["gone", "nopassword", "twofactors", "nobody", "noid"]) {
      expect(await bound(client, `uid=${username},${base}`, "secret")).toBe("49 ");
    }
    tables.putUser(1, { username: "ann", uid_number: 1000, gid_number: 5, password: hashOf("other") });
    await until("the new password to count", async () =>
      (await bound(client, `uid=ann,${base}`, "other")).startsWith("0"),
    );
    expect(await bound(client, `uid=ann,${base}`, "secret")).toBe("49 ");
    tables.putUser(1, {
      username: "ann",
      uid_number: 1000,
      gid_number: 5,
      password: hashOf("other"),
      status: "suspended",
    });
    await until("the suspension to count", async () =>
      (await bound(client, `uid=ann,${base}`, "other")).startsWith("49"),
    );
  });

  it("drop the connection once the database is away", async () => {
    using tables = new UserTables();
    fill(tables);
    await using running = await runGateway(tables, { ...uncounted, binds: { source: "snapshot" } });
    renameSync(tables.path, `${tables.path}.away`);
    await until("the outage to be noticed", async () => (await running.health.report()).status === "degraded");
    await expect((await running.client()).bind(`uid=ann,${base}`, "secret")).rejects.toSatisfy(dropped);
  });
});
