/** AUTH_BACKENDS with `notification`: the password first, then a person's yes. */
import { createHash } from "node:crypto";
import { LdapError } from "@espalier/ldap";
import { LdapClientError } from "@espalier/ldap/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gatewaySection } from "../../src/config.ts";
import { type GatewaySettings, gatewaySettings, type RunningGateway, runGateway } from "../support/running-gateway.ts";
import { UserTables } from "../support/user-tables.ts";
import { ApprovalServer } from "./approval-server.ts";

const base = "dc=example,dc=com";
const hashOf = (password: string) => `{SHA}${createHash("sha1").update(password).digest("base64")}`;

let tables: UserTables;
let server: ApprovalServer;
const running: RunningGateway[] = [];

beforeEach(async () => {
  server = await new ApprovalServer().start();
  tables = new UserTables();
  const user = { uid_number: 1000, gid_number: 5, password: hashOf("secret") };
  tables.putUser(1, { ...user, username: "ann" });
  tables.putUser(2, { ...user, username: "bob" });
  tables.putUser(3, { ...user, username: "backup" });
  tables.putUser(4, { ...user, username: "passwordonly", auth_backends: "sql" });
  tables.putUser(5, { ...user, username: "both", auth_backends: " sql , notification " });
  tables.putUser(6, { ...user, username: "pushonly", auth_backends: "notification" });
  tables.putUser(7, { ...user, username: "totp", auth_backends: "sql,totp" });
});

afterEach(async () => {
  for (const each of running.splice(0)) await each[Symbol.asyncDispose]();
  tables[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

async function gateway(settings: GatewaySettings = {}): Promise<RunningGateway> {
  const each = await runGateway(tables, {
    authBackends: ["sql", "notification"],
    notification: { url: server.url, timeout: "5s", exempt: ["Backup"] },
    ...settings,
  });
  running.push(each);
  return each;
}

/** How a bind on a connection of its own ends: its result code, or that the connection was lost. */
async function login(to: RunningGateway, username: string, password = "secret"): Promise<number | "connection lost"> {
  const client = await to.client();
  return client.bind(`uid=${username},${base}`, password).then(
    () => 0,
    (error: unknown) => {
      if (error instanceof LdapError) return error.resultCode;
      if (error instanceof LdapClientError && error.code === "ERR_CONNECTION_LOST") return "connection lost";
      throw error;
    },
  );
}

const reasons = (of: RunningGateway) =>
  of.log.filter(({ message }) => message === "bind").map(({ reason }) => reason ?? "none");

describe("a login that must be approved", () => {
  it("asks in the words of the protocol, with the password never in them, and waits for the yes", async () => {
    const gate = await gateway({ notification: { url: server.url, apiKey: "key-1" } });
    const asked = login(gate, "ann");
    const request = await server.request(0);
    expect(request.body).toEqual({
      username: "ann",
      title: "Login request",
      body: "A login as ann from 127.0.0.1, with the right password, waits for your answer.",
      actions: [
        { icon: "approve", title: "Approve", callback: "approve" },
        { icon: "reject", title: "Reject", callback: "reject" },
      ],
      context: { service: "ldap", address: "127.0.0.1", realm: base },
      apikey: "key-1",
    });
    request.answer(200, { success: true, action: "approve" });
    expect(await asked).toBe(0);
  });

  it.each([
    ["is rejected", 200, { success: true, action: "reject" }, 49, "not approved: rejected"],
    ["is not answered in time", 200, { success: true, action: "timeout" }, 49, "not approved: nobody answered"],
    ["has nobody to ask", 404, { success: false }, 49, "not approved: the user has no device to be asked on"],
    ["meets a server in trouble", 502, {}, "connection lost", "approval not to be had: status 502"],
    ["meets a server that refuses the key", 403, {}, "connection lost", "approval not to be had: status 403"],
    ["meets a redirect", 302, {}, "connection lost", "approval not to be had: status 302"],
    [
      "gets a yes without success",
      200,
      { success: false, action: "approve" },
      "connection lost",
      "approval not to be had: an answer that is none of approve, reject and timeout",
    ],
    [
      "gets what is no JSON",
      200,
      "<html>approve</html>",
      "connection lost",
      "approval not to be had: an answer that is none of approve, reject and timeout",
    ],
  ] as const)("and that %s ends so that the client knows", async (_, status, body, expected, reason) => {
    const gate = await gateway();
    const asked = login(gate, "ann");
    (await server.request(0)).answer(status, body);
    expect(await asked).toBe(expected);
    expect(reasons(gate)).toEqual([reason]);
  });

  it("drops the connection when the server cannot be reached, as an outage and not as a wrong password", async () => {
    const gate = await gateway({ notification: { url: "http://127.0.0.1:1/" } });
    expect(await login(gate, "ann")).toBe("connection lost");
  });

  it("drops the connection when the server is lost while it waits", async () => {
    const gate = await gateway();
    const asked = login(gate, "ann");
    (await server.request(0)).cut();
    expect(await asked).toBe("connection lost");
  });

  it("drops the connection when there is no answer within the time-out", async () => {
    const gate = await gateway({ notification: { url: server.url, timeout: "1s" } });
    expect(await login(gate, "ann")).toBe("connection lost");
    expect(reasons(gate)).toEqual(["approval not to be had: no answer within 1 s"]);
  });

  it("does not read an answer without end", async () => {
    const gate = await gateway();
    const asked = login(gate, "ann");
    (await server.request(0)).answer(200, "x".repeat(1_000_000));
    expect(await asked).toBe("connection lost");
    expect(reasons(gate)).toEqual(["approval not to be had: the answer has more than 65536 bytes"]);
  });

  it("with a wrong password asks nobody", async () => {
    const gate = await gateway();
    expect(await login(gate, "ann", "wrong")).toBe(49);
    expect(await login(gate, "nobody")).toBe(49);
    expect(server.requests).toEqual([]);
  });

  it("is asked for once, however many attempts of the same user wait", async () => {
    const gate = await gateway();
    const attempts = [login(gate, "ann"), login(gate, "ann"), login(gate, "ann")];
    const ann = await server.request(0);
    const other = login(gate, "bob");
    const bob = await server.request(1);
    // Logins are taken in turn: once this one is through, those before it wait for their answer.
    expect(await login(gate, "passwordonly")).toBe(0);
    bob.answer(200, { success: true, action: "reject" });
    ann.answer(200, { success: true, action: "approve" });
    expect(await Promise.all(attempts)).toEqual([0, 0, 0]);
    expect(await other).toBe(49);
    expect(server.requests).toHaveLength(2);
  });

  it("stays open when its client gives up, and the client's next attempt joins it", async () => {
    const gate = await gateway();
    const impatient = await gate.client();
    const given = impatient.bind(`uid=ann,${base}`, "secret").catch(() => "gave up");
    const request = await server.request(0);
    impatient.destroy();
    expect(await given).toBe("gave up");
    const again = login(gate, "ann");
    expect(await login(gate, "passwordonly")).toBe(0);
    request.answer(200, { success: true, action: "approve" });
    expect(await again).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  it("costs no try of the back-off when it is rejected: the password was right", async () => {
    const gate = await gateway();
    for (let attempt = 0; attempt < 12; attempt++) {
      const asked = login(gate, "ann");
      (await server.request(attempt)).answer(200, { success: true, action: "reject" });
      expect(await asked).toBe(49);
    }
    expect(new Set(reasons(gate))).toEqual(new Set(["not approved: rejected"]));
  });
});

describe("who is asked", () => {
  it("a user of the exemption list is not, whatever the letter case", async () => {
    expect(await login(await gateway(), "backup")).toBe(0);
    expect(server.requests).toEqual([]);
  });

  it("a user whose row says sql is not", async () => {
    expect(await login(await gateway(), "passwordonly")).toBe(0);
    expect(server.requests).toEqual([]);
  });

  it.each([["both"], ["pushonly"]])(
    "a user whose row has notification (%s) is, although the chain is sql alone, and after the password",
    async (username) => {
      const gate = await gateway({ authBackends: ["sql"] });
      expect(await login(gate, username, "wrong")).toBe(49);
      const asked = login(gate, username);
      (await server.request(0)).answer(200, { success: true, action: "approve" });
      expect(await asked).toBe(0);
      expect(server.requests).toHaveLength(1);
    },
  );

  it("a user whose row names a backend that is not there gets in by nothing", async () => {
    const gate = await gateway();
    expect(await login(gate, "totp")).toBe(49);
    expect(reasons(gate)).toEqual(["authentication backend not available"]);
  });

  it("binds against the snapshot follow the same chain", async () => {
    const gate = await gateway({ binds: { source: "snapshot" } });
    expect(await login(gate, "passwordonly")).toBe(0);
    expect(await login(gate, "totp")).toBe(49);
    const asked = login(gate, "ann");
    (await server.request(0)).answer(200, { success: true, action: "approve" });
    expect(await asked).toBe(0);
  });
});

describe("the configuration of the chain", () => {
  const problems = (settings: GatewaySettings) => {
    const { success, error } = gatewaySection.schema.safeParse(gatewaySettings(tables, settings));
    return success ? [] : error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  };

  it.each<[string, GatewaySettings, string[]]>([
    [
      "sql, then notification",
      { authBackends: ["sql", "notification"], notification: { url: "https://a.example" } },
      [],
    ],
    ["either order", { authBackends: ["notification", "sql"], notification: { url: "https://a.example" } }, []],
    [
      "notification without a server",
      { authBackends: ["sql", "notification"] },
      ["notification is missing although authBackends names it: set NOTIFICATION_URL"],
    ],
    [
      "notification alone",
      { authBackends: ["notification"], notification: { url: "https://a.example" } },
      ["authBackends must have sql too: a notification alone would let anybody ask, with any password"],
    ],
    ["an unknown backend", { authBackends: ["sql", "ldap"] }, ["authBackends.1 can only be sql or notification"]],
    [
      "a server that is no URL",
      { notification: { url: "notify.example.com" } },
      ["notification.url must be an http or https URL"],
    ],
  ])("with %s", (_, settings, expected) => {
    expect(problems(settings)).toEqual(expected);
  });
});
