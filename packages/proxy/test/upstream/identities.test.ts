/** Whatever the order in which connections are shared, lent, bound, given back and lost: nobody's request runs as anybody else. */
import { ResultCode } from "@espalier/ldap";
import { until } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { SharedIdentity } from "../../src/upstream/backend-connections.ts";
import type { ConnectionIdentity } from "../../src/upstream/connection-identity.ts";
import type { UpstreamConnection } from "../../src/upstream/upstream-connection.ts";
import { UpstreamBindRefused, UpstreamBusy, UpstreamUnavailable } from "../../src/upstream/upstream-error.ts";
import { inMs, TestPool } from "./pool-options.ts";
import { frameOf, Recorder, search, simpleBind } from "./requests.ts";
import { bindResponse, searchDone, type TestConnection, TestServer } from "./test-server.ts";

const names = ["", "cn=proxy", "cn=ann", "cn=bob", "cn=cid"] as const;
/** There is no connection for somebody. */
const expectedErrors = [UpstreamUnavailable, UpstreamBusy, UpstreamBindRefused];

const wrongPassword = "wrong";

type Action =
  | { readonly do: "share"; readonly who: number; readonly isRefused: boolean }
  | { readonly do: "lease"; readonly who: number; readonly binds: "right" | "wrong" | "no"; readonly abandons: boolean }
  | { readonly do: "bind"; readonly who: number; readonly isRefused: boolean }
  | { readonly do: "lose"; readonly which: number }
  | { readonly do: "drain" }
  | { readonly do: "turn" };

const who = fc.nat(names.length - 1);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("share"), who, isRefused: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("lease"),
      who,
      binds: fc.constantFrom("right", "wrong", "no"),
      abandons: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("bind"), who, isRefused: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lose"), which: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drain") }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("turn") }) },
);

function sharedIdentity(name: string, isRefused: boolean): SharedIdentity {
  if (name === "") return { kind: "anonymous" };
  if (name === "cn=proxy") return { kind: "service" };
  const password = isRefused ? wrongPassword : "secret";
  return { kind: "user", key: `${name} ${password}`, credentials: { name, request: simpleBind(name, password) } };
}

async function run(actions: readonly Action[], bearsPipelining: boolean): Promise<void> {
  // As RFC 4513 §4 has it: anonymous until a bind succeeds, and from the beginning of each.
  const authorizations = new Map<TestConnection, string>();
  const misdone: string[] = [];
  await using server = await TestServer.listen(({ messageId, protocolOp }, connection) => {
    if (protocolOp.type === "bindRequest") {
      const { authentication, name } = protocolOp;
      const isRight =
        authentication.type === "simple" && Buffer.from(authentication.password).toString() !== wrongPassword;
      authorizations.set(connection, isRight ? name : "");
      connection.answer(messageId, bindResponse(isRight ? ResultCode.success : ResultCode.invalidCredentials));
    } else if (protocolOp.type === "searchRequest") {
      const as = authorizations.get(connection) ?? "";
      if (protocolOp.baseObject !== `as ${as}`) misdone.push(`${protocolOp.baseObject} ran as ${as}`);
      setImmediate(() => connection.answer(messageId, searchDone()));
    } else if (protocolOp.type === "unbindRequest") connection.socket.end();
  });
  await using pool = new TestPool(server.url, {
    ...{ maxConnections: 3, sharedConnections: 2, bindConnections: 2, maxPending: 5, random: () => 0 },
    service: { dn: "cn=proxy", password: Buffer.from("secret") },
    bearsPipelining: () => bearsPipelining,
  });
  const receivers: Recorder[] = [];
  const ask = (connection: UpstreamConnection, name: string) => {
    const receiver = new Recorder();
    const id = connection.send(frameOf(1, search(`as ${name}`)), receiver);
    receivers.push(receiver);
    return { id, receiver };
  };
  const share = async (client: number, name: string, isRefused: boolean) => {
    const connection = await pool.shared(sharedIdentity(name, isRefused), client, inMs(300));
    ask(connection, name);
  };
  const bind = async (connection: UpstreamConnection, name: string, isRight: boolean) => {
    connection.identity = { kind: "unknown" };
    const { result } = await connection.request(simpleBind(name, isRight ? "secret" : wrongPassword));
    const key = `${name} secret`;
    connection.identity = result.resultCode === 0 ? { kind: "user", key } : { kind: "anonymous" };
  };
  const lease = async (client: number, name: string, binds: "right" | "wrong" | "no", abandons: boolean) => {
    const wanted: ConnectionIdentity = name === "" ? { kind: "anonymous" } : { kind: "user", key: `${name} secret` };
    const connection = await pool.lease(wanted, client, inMs(300));
    try {
      const { identity } = connection;
      if (binds !== "no") {
        await bind(connection, name, binds === "right");
        ask(connection, binds === "right" ? name : "");
      } else if (identity.kind === "user") ask(connection, identity.key.split(" ")[0]!);
      else if (identity.kind === "anonymous") {
        const { id, receiver } = ask(connection, "");
        if (abandons) {
          connection.abandon(id);
          receivers.splice(receivers.indexOf(receiver), 1);
        }
      }
    } finally {
      pool.giveBack(connection);
    }
  };
  const verify = async (client: number, name: string, isRight: boolean) => {
    const connection = await pool.bindConnection(client, inMs(300));
    try {
      await bind(connection, name, isRight);
    } finally {
      pool.giveBack(connection);
    }
  };

  const underWay: Promise<void>[] = [];
  const unexpected: unknown[] = [];
  const start = (promise: Promise<void>) => {
    underWay.push(
      promise.catch((error: unknown) => {
        if (!expectedErrors.some((kind) => error instanceof kind)) unexpected.push(error);
      }),
    );
  };
  for (const [client, each] of actions.entries()) {
    if (each.do === "share") start(share(client, names[each.who]!, each.isRefused));
    else if (each.do === "lease") start(lease(client, names[each.who]!, each.binds, each.abandons));
    else if (each.do === "bind") start(verify(client, names[each.who]!, !each.isRefused));
    else if (each.do === "lose") server.open[each.which % Math.max(1, server.open.length)]?.socket.resetAndDestroy();
    else if (each.do === "drain") pool.drain();
    else for (let at = 0; at < 4; at++) await new Promise(setImmediate);
  }
  await Promise.all(underWay);
  expect(unexpected).toEqual([]);
  await Promise.all(receivers.map((receiver) => receiver.ended()));
  expect(misdone).toEqual([]);
  await until("the last bind of the pool's own", () => pool.pending === 0);
  expect([...pool.connections()].filter(({ isRetiring }) => !isRetiring).length).toBeLessThanOrEqual(3);
}

it.each([
  ["behind others", true],
  ["one by one", false],
])(
  "runs no request as anybody but its client, where requests go %s",
  async (_, bearsPipelining) => {
    const actions = fc.array(action, { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(actions, (each) => run(each, bearsPipelining)),
      { numRuns: 150 },
    );
  },
  180_000,
);
