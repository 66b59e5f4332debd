import { decodeWhoAmIResponse, type RequestOp, ResultCode, whoAmIRequest } from "@espalier/ldap";
import { LdapClient } from "@espalier/ldap/client";
import {
  formatEntries,
  type LdifEntry,
  ldapsearch,
  requirePrograms,
  type Slapd,
  ssha,
  startSlapd,
  until,
  Wire,
} from "@espalier/tests/lab";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AssembledOptions, AssembledProxy } from "./assembled-proxy.ts";
import { bindOf, dnOf, searchOf } from "./requests.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils" });

const uids = ["ann", "bob", "cid", "dan"];
const passwordOf = (uid: string): string => `${uid}-password`;
const baseDn = "dc=example,dc=com";

function directory(): string {
  const base: LdifEntry = {
    dn: baseDn,
    attributes: [
      ["objectClass", ["dcObject", "organization"]],
      ["dc", ["example"]],
      ["o", ["example"]],
    ],
  };
  const users = uids.map(
    (uid): LdifEntry => ({
      dn: dnOf(uid),
      attributes: [
        ["objectClass", ["inetOrgPerson"]],
        ["uid", [uid]],
        ["cn", [uid]],
        ["sn", [uid]],
        ["userPassword", [ssha(passwordOf(uid), uid)]],
      ],
    }),
  );
  return formatEntries([base, ...users]);
}

/** Only the user of the entry may do it, and nothing changes for its next bind. */
function changeOwnPassword(uid: string): RequestOp {
  const modification = { type: "userPassword", values: [Buffer.from(passwordOf(uid))] };
  return { type: "modifyRequest", object: dnOf(uid), changes: [{ operation: "replace", modification }] };
}

const modes = ["session", "proxyauthz", "identity"] as const;

describe("in front of OpenLDAP", () => {
  let one: Slapd;
  let two: Slapd;
  const stack = new AsyncDisposableStack();

  beforeAll(async () => {
    one = stack.use(await startSlapd({ ldif: directory(), serviceAccount: true }));
    two = stack.use(await startSlapd({ ldif: directory(), serviceAccount: true }));
  });
  afterAll(() => stack.disposeAsync());

  const proxyTo = (servers: readonly Slapd[], options: Omit<AssembledOptions, "urls"> = {}): Promise<AssembledProxy> =>
    AssembledProxy.start({
      account: { dn: one.serviceDn, password: one.servicePassword },
      ...options,
      urls: servers.map(({ url }) => url),
    });

  test.each(modes)(
    "ldapsearch finds the same as without the proxy, in pages and in one, bound and not, mode %s",
    async (mode) => {
      await using proxy = await proxyTo([one], { mode });
      for (const options of [
        [],
        ["-E", "pr=2/noprompt"],
        ["-D", dnOf("ann"), "-w", passwordOf("ann"), "-E", "pr=1/noprompt"],
      ]) {
        const search = { base: baseDn, options, attributes: ["*", "+"] };
        const [through, direct] = await Promise.all([ldapsearch(proxy.url, search), ldapsearch(one.url, search)]);
        expect(through).toEqual(direct);
        expect(through.entries.length).toBeGreaterThan(uids.length);
      }
      const wrong = await ldapsearch(proxy.url, { base: baseDn, options: ["-D", dnOf("ann"), "-w", "wrong"] });
      expect(wrong.resultCode).toBe(ResultCode.invalidCredentials);
    },
  );

  test.each(modes)(
    "whatever clients do at the same time, slapd lets each do its own and nothing else, mode %s",
    async (mode) => {
      await using proxy = await proxyTo([one], {
        ...{ mode, limits: { queueTimeoutMs: 10_000 } },
        upstream: { maxConnections: 6, sharedConnections: 1, bindConnections: 1 },
      });
      const anyStep = fc.tuple(
        fc.nat(3),
        fc.constantFrom("bind", "wrong", "anonymous", "own", "other", "who", "page"),
        fc.nat(3),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 10, maxLength: 50 }), async (steps) => {
          using cleanup = new DisposableStack();
          const clients = await Promise.all(uids.map(() => Wire.connect(proxy.url)));
          const boundAs = clients.map((client) => {
            cleanup.use(client);
            return "";
          });
          const checks: Promise<void>[] = [];
          // Nobody waits for an answer but to see whether it is right.
          const expectCode = (client: Wire, request: RequestOp, codes: readonly number[]): void => {
            const id = client.sendRequest(request);
            checks.push(
              client.answer(id).then(({ last: { protocolOp } }) => {
                expect(codes).toContain("resultCode" in protocolOp ? protocolOp.resultCode : undefined);
              }),
            );
          };
          for (const [who, step, whom] of steps) {
            const client = clients[who] as Wire;
            const uid = uids[whom] ?? "";
            if (step === "bind" || step === "wrong" || step === "anonymous") {
              // A bind abandons what is under way, which then has no answer to look at.
              await Promise.all(checks.splice(0));
              boundAs[who] = step === "bind" ? uid : "";
              if (step === "bind") expectCode(client, bindOf(dnOf(uid), passwordOf(uid)), [0]);
              else if (step === "wrong")
                expectCode(client, bindOf(dnOf(uid), "wrong"), [ResultCode.invalidCredentials]);
              else expectCode(client, bindOf("", ""), [0]);
            } else if (step === "own" && boundAs[who] !== "") {
              expectCode(client, changeOwnPassword(boundAs[who] ?? ""), [0]);
            } else if (step === "other" && uid !== boundAs[who]) {
              const refused = [ResultCode.insufficientAccessRights, ResultCode.strongerAuthRequired];
              expectCode(client, changeOwnPassword(uid), refused);
            } else if (step === "who") {
              const id = client.sendRequest(whoAmIRequest);
              const expected = boundAs[who] === "" ? "" : `dn:${dnOf(boundAs[who] ?? "")}`;
              checks.push(
                client.answer(id).then(({ last: { protocolOp } }) => {
                  if (protocolOp.type !== "extendedResponse") throw new Error(`Answered with ${protocolOp.type}`);
                  expect(decodeWhoAmIResponse(protocolOp)).toBe(expected);
                }),
              );
            } else if (step === "page") {
              const id = client.sendRequest(searchOf(baseDn, { scope: "wholeSubtree" }));
              checks.push(client.answer(id).then(({ before }) => expect(before.length).toBeGreaterThan(uids.length)));
            }
          }
          await Promise.all(checks);
        }),
        { numRuns: 15, endOnFailure: true },
      );
      // What slapd itself has written down.
      const { entries } = await ldapsearch(one.url, { base: baseDn, filter: "(uid=*)", attributes: ["modifiersName"] });
      for (const { dn, attributes } of entries)
        expect([[dn], [one.rootDn], undefined]).toContainEqual(attributes.modifiersName);
    },
    120_000,
  );

  test.each(modes)("a write is its client's in slapd's own record, mode %s", async (mode) => {
    await using proxy = await proxyTo([one], { mode });
    await using client = await LdapClient.connect({ url: proxy.url });
    await client.bind(dnOf("dan"), passwordOf("dan"));
    const modification = { type: "userPassword", values: [Buffer.from(passwordOf("dan"))] };
    await client.modify(dnOf("dan"), [{ operation: "replace", modification }]);
    const { entries } = await ldapsearch(one.url, { base: dnOf("dan"), attributes: ["modifiersName"] });
    expect(entries).toEqual([{ dn: dnOf("dan"), attributes: { modifiersName: [dnOf("dan")] } }]);
  });

  test.each(modes)("Password Modify without a name changes the client's own password, mode %s", async (mode) => {
    await using proxy = await proxyTo([one], { mode });
    await using client = await LdapClient.connect({ url: proxy.url });
    await client.bind(dnOf("cid"), passwordOf("cid"));
    await client.passwordModify({
      ...{ oldPasswd: Buffer.from(passwordOf("cid")), newPasswd: Buffer.from("another") },
    });
    await using again = await LdapClient.connect({ url: proxy.url });
    await again.bind(dnOf("cid"), "another");
    await using direct = await LdapClient.connect({ url: one.url });
    await direct.bind(one.serviceDn, one.servicePassword);
    const modification = { type: "userPassword", values: [Buffer.from(passwordOf("cid"))] };
    await again.modify(dnOf("cid"), [{ operation: "replace", modification }]);
  });

  test.each(modes)("two clients page at once over the same few connections, mode %s", async (mode) => {
    await using proxy = await proxyTo([one], { mode, upstream: { sharedConnections: 1 } });
    const search = { base: baseDn, options: ["-E", "pr=1/noprompt", "-D", dnOf("ann"), "-w", passwordOf("ann")] };
    const found = await Promise.all(Array.from({ length: 4 }, () => ldapsearch(proxy.url, search)));
    for (const each of found) expect(each.entries).toHaveLength(uids.length + 2);
  });

  test.each([...modes.map((mode) => ["killed", mode] as const), ...modes.map((mode) => ["frozen", mode] as const)])(
    "no read fails when one of two servers is %s under load, mode %s",
    async (fault, mode) => {
      const victim = await startSlapd({ ldif: directory(), serviceAccount: true });
      await using _ = victim;
      await using proxy = await proxyTo([victim, two], {
        mode,
        noticesFailures: true,
        upstream: { checkTimeoutMs: 500 },
      });
      const clients = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const client = await LdapClient.connect({ url: proxy.url });
          const uid = uids[index % uids.length] ?? "";
          if (index >= 2) await client.bind(dnOf(uid), passwordOf(uid));
          return client;
        }),
      );
      let reads = 0;
      let isOver = false;
      const load = clients.map(async (client) => {
        while (!isOver) {
          // Nothing of its answer comes before the whole: a search that has begun to answer when its server goes is not repeated.
          expect(await client.compare(dnOf("ann"), "cn", "ann")).toMatchObject({ matches: true });
          reads++;
        }
      });
      const some = async (): Promise<void> => {
        for (const until = reads + 200; reads < until; ) await Promise.race([...load, new Promise(setImmediate)]);
      };
      await some();
      // Stopped first, so that there is something under way on it when it goes.
      victim.process.suspend();
      let looks = 0;
      // What it had answered before has been read after the first look.
      await until("requests that it does not answer", () => {
        looks = proxy.backend(0).connections.outstanding > 0 ? looks + 1 : 0;
        return looks === 3;
      });
      if (fault === "killed") await victim.process.kill();
      await some();
      isOver = true;
      await Promise.all(load);
      for (const client of clients) await client[Symbol.asyncDispose]();
      // Nobody was answered twice, and those that were on the victim were moved.
      const compares = proxy.records.filter(({ operation }) => operation === "compare");
      expect(new Set(compares.map(({ resultCode }) => resultCode))).toEqual(new Set([ResultCode.compareTrue]));
      expect(proxy.records.some(({ attempts }) => attempts === 2)).toBe(true);
      if (fault === "frozen") victim.process.resume();
    },
  );
});
