import {
  decodePasswordPolicyResponse,
  findControl,
  Oid,
  passwordModifyRequest,
  passwordPolicyControl,
  proxiedAuthorizationControl,
  type RequestOp,
  ResultCode,
  whoAmIRequest,
} from "@espalier/ldap";
import { until, Wire } from "@espalier/tests/lab";
import { describe, expect, test } from "vitest";
import { Refusals } from "../../src/dispatch/refusal.ts";
import { type AssembledOptions, AssembledProxy } from "./assembled-proxy.ts";
import { mustChange, passwords, RecordingServer, service } from "./recording-server.ts";
import { bindOf, dnOf, modifyOf, pageOf, resultOf, saslBindOf, searchOf, seenAs } from "./requests.ts";

const ann = dnOf("ann");
const annPassword = passwords.get(ann) ?? "";
const modes = ["session", "proxyauthz", "identity"] as const;

async function lab(options: Omit<AssembledOptions, "urls"> = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await RecordingServer.start());
  const proxy = stack.use(await AssembledProxy.start({ ...options, urls: [server.url] }));
  const client = stack.use(await Wire.connect(proxy.url));
  const owned = stack.move();
  return { server, proxy, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function whoIs(client: Wire): Promise<string> {
  const { last } = await client.request(whoAmIRequest);
  if (last.protocolOp.type !== "extendedResponse") throw new Error(`It was answered with ${last.protocolOp.type}`);
  return Buffer.from(last.protocolOp.responseValue ?? []).toString();
}

describe.each(modes)("in mode %s", (mode) => {
  test("a bound client is who it bound as, to the backend and to Who am I?", async () => {
    await using all = await lab({ mode });
    const { client } = all;
    expect([await whoIs(client), await seenAs(client, "cn=0,dc=example,dc=com")]).toEqual(["", ""]);
    expect(await client.bind(ann, annPassword)).toBe(0);
    expect([await whoIs(client), await seenAs(client, "cn=1,dc=example,dc=com")]).toEqual([`dn:${ann}`, ann]);
    expect(await resultOf(client, modifyOf("cn=2,dc=example,dc=com"))).toMatchObject({ resultCode: 0 });
    expect(all.server.of("cn=2,dc=example,dc=com")).toMatchObject([{ as: ann }]);
  });

  test.each([
    ["an empty password", bindOf(dnOf("bob"), ""), ResultCode.unwillingToPerform],
    ["a wrong password", bindOf(dnOf("bob"), "wrong"), ResultCode.invalidCredentials],
    ["LDAP version 2", { ...bindOf(dnOf("bob"), "bob-password"), version: 2 } as RequestOp, ResultCode.protocolError],
    ["a password without a name", bindOf("", "secret"), ResultCode.inappropriateAuthentication],
    ["EXTERNAL without a certificate", saslBindOf("EXTERNAL", ""), ResultCode.invalidCredentials],
    ["a mechanism that needs the channel", saslBindOf("SCRAM-SHA-256-PLUS", "x"), ResultCode.authMethodNotSupported],
    ["a mechanism that installs a layer", saslBindOf("GSSAPI", "x"), ResultCode.authMethodNotSupported],
    ["no bind at all but the anonymous one", bindOf("", ""), ResultCode.success],
  ])("a bound client that binds with %s is anonymous afterwards", async (_what, bind, resultCode) => {
    await using all = await lab({ mode });
    const { client } = all;
    expect(await client.bind(ann, annPassword)).toBe(0);
    expect(await seenAs(client, "cn=1,dc=example,dc=com")).toBe(ann);
    expect(await resultOf(client, bind)).toMatchObject({ resultCode });
    expect([await whoIs(client), await seenAs(client, "cn=2,dc=example,dc=com")]).toEqual(["", ""]);
  });

  test("an empty password does not even reach the backend, which would call it a success", async () => {
    await using all = await lab({ mode });
    expect(await resultOf(all.client, bindOf(ann, ""))).toEqual({
      ...{ resultCode: ResultCode.unwillingToPerform, diagnosticMessage: Refusals.emptyPassword.text },
    });
    expect(all.server.binds.filter(({ name }) => name === ann)).toEqual([]);
  });

  test("a name that is no DN binds, and the client is whom the backend says it is", async () => {
    await using all = await lab({ mode });
    expect(await all.client.bind("ann@example.com", annPassword)).toBe(0);
    expect([await whoIs(all.client), await seenAs(all.client, "cn=1,dc=example,dc=com")]).toEqual([`dn:${ann}`, ann]);
  });

  test("SASL PLAIN and a mechanism of two steps go through, and hold for what comes after them", async () => {
    await using all = await lab({ mode });
    const { client } = all;
    expect(await resultOf(client, saslBindOf("PLAIN", `\0ann\0${annPassword}`))).toMatchObject({ resultCode: 0 });
    expect(await seenAs(client, "cn=1,dc=example,dc=com")).toBe(ann);
    const { last } = await client.request(saslBindOf("TWO-STEP"));
    expect(last.protocolOp).toMatchObject({ type: "bindResponse", resultCode: ResultCode.saslBindInProgress });
    const challenge = last.protocolOp.type === "bindResponse" ? last.protocolOp.serverSaslCreds : undefined;
    const answer = saslBindOf("TWO-STEP", Buffer.from(challenge ?? []).toString());
    expect(await resultOf(client, answer)).toMatchObject({ resultCode: 0 });
    expect(await seenAs(client, "cn=2,dc=example,dc=com")).toBe(dnOf("cid"));
  });

  test("the steps of SASL binds of two clients do not get into each other's way", async () => {
    await using all = await lab({ mode });
    using other = await Wire.connect(all.proxy.url);
    const steps = await Promise.all([all.client, other].map((client) => client.request(saslBindOf("TWO-STEP"))));
    const answers = steps.map(({ last: { protocolOp } }) =>
      Buffer.from((protocolOp.type === "bindResponse" && protocolOp.serverSaslCreds) || []).toString(),
    );
    expect(new Set(answers).size).toBe(2);
    const [first = "", second = ""] = answers;
    expect(await resultOf(all.client, saslBindOf("TWO-STEP", first))).toMatchObject({ resultCode: 0 });
    expect(await resultOf(other, saslBindOf("TWO-STEP", second))).toMatchObject({ resultCode: 0 });
  });

  test("who has to change the password can do nothing else, as on a connection to the backend itself", async () => {
    await using all = await lab({ mode });
    const { client, server } = all;
    expect(await client.bind(mustChange, passwords.get(mustChange) ?? "")).toBe(0);
    // The policy's answer is for who asked for it.
    expect(client.received.at(-1)?.controls).toEqual([]);
    expect(await resultOf(client, searchOf("cn=1,dc=example,dc=com"))).toMatchObject({
      resultCode: ResultCode.insufficientAccessRights,
    });
    const change = passwordModifyRequest({
      userIdentity: undefined,
      oldPasswd: undefined,
      newPasswd: Buffer.from("x"),
    });
    expect(await resultOf(client, change)).toMatchObject({ resultCode: 0 });
    expect(server.of(mustChange)).toMatchObject([{ operation: "passwordModify", as: mustChange }]);
  });

  test("a client that asks for the password policy's answer gets it", async () => {
    await using all = await lab({ mode });
    const { last } = await all.client.request(bindOf(mustChange, passwords.get(mustChange) ?? ""), [
      passwordPolicyControl(),
    ]);
    const control = findControl(last.controls, Oid.passwordPolicy);
    expect(control && decodePasswordPolicyResponse(control).error).toBe("changeAfterReset");
  });

  test("Password Modify without a name changes the password of the client and never the proxy's", async () => {
    await using all = await lab({ mode });
    expect(await all.client.bind(ann, annPassword)).toBe(0);
    for (const userIdentity of [undefined, ""]) {
      const change = passwordModifyRequest({ userIdentity, oldPasswd: undefined, newPasswd: Buffer.from("x") });
      await resultOf(all.client, change);
    }
    expect(all.server.of(service.dn)).toEqual([]);
    expect(all.server.executed[0]).toMatchObject({ operation: "passwordModify", target: ann, as: ann });
  });

  test("a bind abandons what is outstanding", async () => {
    await using all = await lab({ mode });
    const { client, server } = all;
    expect(await client.bind(ann, annPassword)).toBe(0);
    const aborted: string[] = [];
    const never = new Promise<boolean>(() => {});
    server.gate = (operation, target) => {
      operation.signal.addEventListener("abort", () => void aborted.push(target));
      return target.includes("held") ? never : true;
    };
    const held = client.sendRequest(searchOf("cn=held,dc=example,dc=com"));
    await until("the search to be under way", () => all.proxy.backend(0).connections.pending > 0);
    expect(await client.bind(dnOf("bob"), passwords.get(dnOf("bob")) ?? "")).toBe(0);
    expect(await seenAs(client, "cn=after,dc=example,dc=com")).toBe(dnOf("bob"));
    expect(aborted).toEqual(["cn=held,dc=example,dc=com"]);
    expect(client.received.filter(({ messageId }) => messageId === held)).toEqual([]);
  });

  test("what comes behind a bind waits for it, and runs as what it made of the client", async () => {
    await using all = await lab({ mode });
    const { client } = all;
    client.sendRequest(bindOf(ann, annPassword));
    const first = client.sendRequest(searchOf("cn=1,dc=example,dc=com"));
    client.sendRequest(bindOf(ann, "wrong"));
    const second = client.sendRequest(searchOf("cn=2,dc=example,dc=com"));
    await client.answer(second);
    // The second bind has abandoned the first search, or came after its end.
    expect(all.server.of("cn=1,dc=example,dc=com").map(({ as }) => as)).toEqual(
      expect.arrayContaining(client.received.some(({ messageId }) => messageId === first) ? [ann] : []),
    );
    expect(all.server.of("cn=2,dc=example,dc=com")).toMatchObject([{ as: "" }]);
  });

  test("a bind that its client does not wait for leaves nothing behind for the next one", async () => {
    await using all = await lab({ mode, upstream: { maxConnections: 2, sharedConnections: 1, bindConnections: 1 } });
    for (let round = 0; round < 8; round++) {
      using hasty = await Wire.connect(all.proxy.url);
      hasty.sendRequest(bindOf(ann, annPassword));
    }
    await until("the hasty ones to be gone", () => all.proxy.listeners.size === 1);
    expect(await seenAs(all.client, "cn=1,dc=example,dc=com")).toBe("");
    expect(await all.client.bind(dnOf("bob"), passwords.get(dnOf("bob")) ?? "")).toBe(0);
    expect(await seenAs(all.client, "cn=2,dc=example,dc=com")).toBe(dnOf("bob"));
  });
});

describe("a proxied authorization control that a client sends", () => {
  const asBob = proxiedAuthorizationControl(`dn:${dnOf("bob")}`);

  test("is refused where the connection is bound as the proxy's account", async () => {
    await using all = await lab({ mode: "proxyauthz" });
    expect(await all.client.bind(ann, annPassword)).toBe(0);
    for (const control of [
      asBob,
      { ...asBob, criticality: false },
      { ...asBob, controlType: "2.16.840.1.113730.3.4.12" },
    ]) {
      for (const request of [searchOf("cn=1,dc=example,dc=com"), modifyOf("cn=1,dc=example,dc=com"), whoAmIRequest]) {
        expect(await resultOf(all.client, request, [control])).toEqual({
          ...{ resultCode: ResultCode.authorizationDenied, diagnosticMessage: Refusals.proxiedAuthorization.text },
        });
      }
    }
    expect(all.server.executed).toEqual([]);
  });

  test.each([
    ["session", ann],
    ["identity", ann],
    ["proxyauthz", ""],
  ] as const)(
    "is the backend's to decide where the connection is the client's: mode %s, bound as '%s'",
    async (mode, name) => {
      await using all = await lab({ mode });
      if (name !== "") expect(await all.client.bind(name, annPassword)).toBe(0);
      expect(await resultOf(all.client, searchOf("cn=1,dc=example,dc=com"), [asBob])).toMatchObject({
        resultCode: ResultCode.authorizationDenied,
        diagnosticMessage: "",
      });
    },
  );
});

test("in mode session a client that comes and goes pays no handshake: one connection serves them in turn", async () => {
  await using all = await lab({ mode: "session" });
  for (let round = 0; round < 10; round++) {
    using client = await Wire.connect(all.proxy.url);
    const uid = ["ann", "bob", "cid"][round % 3] ?? "";
    expect(await client.bind(dnOf(uid), passwords.get(dnOf(uid)) ?? "")).toBe(0);
    expect(await seenAs(client, `cn=${round},dc=example,dc=com`)).toBe(dnOf(uid));
    client.sendRequest({ type: "unbindRequest" });
    await client.closed();
  }
  expect(new Set(all.server.executed.map(({ connection }) => connection)).size).toBe(1);
  // Nothing but the clients' own binds.
  expect(all.server.binds).toHaveLength(10);
});

test("in mode session what a client used for its pages is bound anew before somebody else uses it", async () => {
  await using all = await lab({ mode: "session", upstream: { maxConnections: 1, sharedConnections: 1 } });
  using bound = await Wire.connect(all.proxy.url);
  expect(await bound.bind(ann, annPassword)).toBe(0);
  expect(await seenAs(bound, "cn=1,dc=example,dc=com", [pageOf(1)])).toBe(ann);
  bound.sendRequest({ type: "unbindRequest" });
  await bound.closed();
  expect(await seenAs(all.client, "cn=2,dc=example,dc=com", [pageOf(1)])).toBe("");
  expect(await seenAs(all.client, "cn=3,dc=example,dc=com")).toBe("");
});
