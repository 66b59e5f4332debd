import { builtInSchema } from "@espalier/ldap";
import { attribute, LdapClient, SearchEntry } from "@espalier/ldap/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AccountAction } from "../../src/entries/account/mechanism.ts";
import { accountChanges } from "../../src/entries/account.ts";
import { base, dnOf, ldif, people, user } from "./content.ts";
import { baseDn, startDebianSlapd } from "./debian-slapd.ts";
import { type Served, type Server, serve } from "./served.ts";
import { directory389, plainSlapd } from "./servers.ts";

const policy = `cn=policy,${baseDn}`;
const desk = `uid=desk,${people}`;
const noon = Date.UTC(2024, 9, 4, 12);
const person = (uid: string) =>
  [`uid=${uid},${people}`, { objectClass: "inetOrgPerson", uid, cn: uid, sn: uid, userPassword: `pw-${uid}` }] as const;

/** Somebody who has to change the password can bind, and no more. */
async function signIn({ url }: Server, uid: string, password = `pw-${uid}`): Promise<"in" | "refused" | "must change"> {
  await using client = await LdapClient.connect({ url });
  try {
    await client.bind(dnOf(uid), password);
  } catch {
    return "refused";
  }
  return await client.searchAll({ baseObject: dnOf(uid), scope: "baseObject" }).then(
    () => "in" as const,
    () => "must change" as const,
  );
}

async function failThrice(server: Server, uid: string): Promise<void> {
  for (let time = 0; time < 3; time += 1) await signIn(server, uid, "wrong");
}

const kinds = [
  {
    name: "OpenLDAP with ppolicy",
    group: plainSlapd.group,
    start: () =>
      startDebianSlapd({
        modules: ["ppolicy"],
        overlays: ["overlay ppolicy", `ppolicy_default "${policy}"`],
        access: [
          `access to attrs=userPassword by dn.exact="${desk}" write by self write by anonymous auth by * none`,
          `access to * by dn.exact="${desk}" write by * read`,
        ],
        ldif: ldif([
          ...base,
          [
            policy,
            {
              objectClass: ["organizationalRole", "pwdPolicy"],
              cn: "policy",
              pwdAttribute: "userPassword",
              pwdLockout: "TRUE",
              pwdMaxFailure: "3",
              pwdMustChange: "TRUE",
            },
          ],
          ...["desk", "ann", "bob", "cat", "dan"].map(person),
        ]),
      }),
    as: { dn: desk, password: "pw-desk" },
  },
  {
    name: "389-DS",
    group: directory389.group,
    async start() {
      const server = await directory389.start(ldif([...base, ...["ann", "bob", "cat", "dan"].map(person)]));
      await using client = await LdapClient.connect({ url: server.url });
      await client.bind(server.rootDn, server.rootPassword);
      const settings = { passwordLockout: "on", passwordMaxFailure: "3", passwordMustChange: "on" };
      await client.modify(
        "cn=config",
        Object.entries(settings).map(([type, value]) => ({
          operation: "replace",
          modification: attribute(type, value),
        })),
      );
      return server;
    },
    as: undefined,
  },
];

for (const kind of kinds) {
  kind.group(`accounts on ${kind.name}`, () => {
    let server: Server & AsyncDisposable;
    let served: Served;
    beforeAll(async () => {
      server = await kind.start();
      served = await serve(server, {
        ...(kind.as === undefined ? {} : { as: kind.as }),
        // A help desk, which may change nothing else.
        may: (action) => action === "read" || action === "password",
      });
    });
    afterAll(async () => {
      await served?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });
    const act = async (uid: string, action: AccountAction) => {
      const { status, body } = await served.ask("POST", "entry/account", { dn: dnOf(uid), action });
      return { status, changes: body.results?.length, did: body.did, meaning: body.meaning };
    };

    it("are unlocked after too many wrong passwords", async () => {
      await failThrice(server, "ann");
      expect(await signIn(server, "ann")).toBe("refused");
      expect(await act("ann", "unlock")).toMatchObject({ status: 200, changes: 1, meaning: [expect.any(String)] });
      expect(await signIn(server, "ann")).toBe("in");
      // The wrong ones are forgotten: one more does not lock it.
      await signIn(server, "ann", "wrong");
      expect(await signIn(server, "ann")).toBe("in");
    });

    it("are disabled until they are enabled, which unlocking is not", async () => {
      expect(await act("bob", "disable")).toMatchObject({ status: 200, changes: 1 });
      expect(await signIn(server, "bob")).toBe("refused");
      expect(await act("bob", "disable")).toMatchObject({ status: 200, changes: 0, meaning: [] });
      expect(await act("bob", "unlock")).toMatchObject({ changes: 0, did: [expect.stringContaining("enable it")] });
      expect(await signIn(server, "bob")).toBe("refused");
      expect(await act("bob", "enable")).toMatchObject({ status: 200, changes: 1 });
      expect(await signIn(server, "bob")).toBe("in");
      expect(await act("bob", "enable")).toMatchObject({ status: 200, changes: 0 });
    });

    it("are made to change their password", async () => {
      expect(await act("cat", "force_change")).toMatchObject({ status: 200, changes: 1 });
      expect(await signIn(server, "cat")).toBe("must change");
    });

    it("are disabled many at once", async () => {
      const request = { select: { base: people, filter: "(|(uid=ann)(uid=dan))" }, account: "disable" };
      const { status, body } = await served.ask("POST", "bulk", request);
      expect([status, body.counts]).toEqual([200, { selected: 2, changed: 2, unchanged: 0, refused: 0 }]);
      expect([await signIn(server, "ann"), await signIn(server, "dan")]).toEqual(["refused", "refused"]);
    });

    it("of one's own are for others to unlock", async () => {
      const own = kind.as?.dn ?? server.rootDn;
      // As everybody may with their own password.
      await using self = await serve(server, {
        ...(kind.as === undefined ? {} : { as: kind.as }),
        may: (action, dn) => action === "read" || dn === own,
      });
      const { status, body } = await self.ask("POST", "entry/account", { dn: own, action: "enable" });
      expect([status, body.code]).toEqual([403, "not_allowed"]);
    });

    it("can be shown before", async () => {
      const { body } = await served.ask("POST", "entry/account", { dn: dnOf("dan"), action: "enable", preview: true });
      expect([body.outcome, body.ldif]).toEqual(["preview", expect.stringContaining("changetype: modify")]);
      expect(await signIn(server, "dan")).toBe("refused");
    });
  });
}

plainSlapd.group("accounts of a directory without a password policy", () => {
  it("expire for hosts where they are shadow accounts, and cannot be disabled where they are not", async () => {
    await using server = await plainSlapd.start(
      ldif([...base, user("ann", 2001), user("bob", 2002, { shadowExpire: "90000" }), person("cat")]),
    );
    await using served = await serve(server, { now: () => noon });
    const act = (uid: string, action: AccountAction) => served.ask("POST", "entry/account", { dn: dnOf(uid), action });
    const expire = async (uid: string) => (await served.entry(dnOf(uid), "shadowExpire"))?.attributes.shadowExpire;
    expect((await act("ann", "disable")).body.did).toEqual(["It has expired (shadowExpire)."]);
    expect(await expire("ann")).toEqual(["1"]);
    expect((await act("ann", "enable")).status).toBe(200);
    expect(await expire("ann")).toBeUndefined();
    const { body } = await act("bob", "disable");
    expect(body.did).toEqual([
      "It has expired (shadowExpire). It was to run until day 90000, which enabling does not bring back.",
    ]);
    await served.undo(body.id);
    expect(await expire("bob")).toEqual(["90000"]);
    expect((await act("bob", "force_change")).status).toBe(200);
    expect((await served.entry(dnOf("bob"), "shadowLastChange"))?.attributes).toEqual({ shadowLastChange: ["0"] });
    const none = await act("cat", "disable");
    expect([none.status, none.body.code]).toEqual([422, "refused_by_directory"]);
  });
});

/** A lock is nothing to slapd where the policy of the account has no pwdLockout: it lets them in all the same. */
plainSlapd.group("accounts of an OpenLDAP whose password policies do not lock", () => {
  let cleanup: AsyncDisposableStack;
  beforeEach(() => {
    cleanup = new AsyncDisposableStack();
  });
  afterEach(() => cleanup.disposeAsync());
  const policyEntry = (cn: string, pwdLockout: string): readonly [string, Record<string, string | string[]>] => [
    `cn=${cn},${baseDn}`,
    { objectClass: ["organizationalRole", "pwdPolicy"], cn, pwdAttribute: "userPassword", pwdLockout },
  ];
  const withPolicy = (uid: string, cn: string) =>
    [dnOf(uid), { ...person(uid)[1], pwdPolicySubentry: `cn=${cn},${baseDn}` }] as const;
  const start = async (entries: Parameters<typeof ldif>[0], overlays: readonly string[] = [], isConfigSeen = false) => {
    const server = cleanup.use(
      await startDebianSlapd({
        modules: ["ppolicy"],
        overlays: ["overlay ppolicy", ...overlays],
        ldif: ldif([...base, policyEntry("locks", "TRUE"), policyEntry("locks-not", "FALSE"), ...entries]),
        ...(isConfigSeen ? { configuration: [`access to * by dn.exact="cn=admin,${baseDn}" read`] } : {}),
      }),
    );
    const served = cleanup.use(await serve(server));
    return {
      server,
      served,
      disable: async (uid: string) => {
        const { status, body } = await served.ask("POST", "entry/account", { dn: dnOf(uid), action: "disable" });
        const after = await served.entry(dnOf(uid), "pwdAccountLockedTime");
        const { code, title, warnings } = body;
        return { status, isLocked: after?.attributes.pwdAccountLockedTime !== undefined, code, title, warnings };
      },
    };
  };
  const powerless = {
    ...{ status: 422, isLocked: false, code: "refused_by_directory", warnings: undefined },
    title:
      "The directory would let them in all the same: the password policy of the account has no pwdLockout: TRUE (ppolicy). Set that in the policy first, or change the password.",
  };
  const done = { status: 200, isLocked: true, code: undefined, title: undefined };

  it("are not called disabled where the account's own policy is such a one", async () => {
    const { server, served, disable } = await start([withPolicy("ann", "locks-not"), withPolicy("bob", "locks")]);
    expect(await disable("ann")).toEqual(powerless);
    expect(await disable("bob")).toEqual({ ...done, warnings: [] });
    expect([await signIn(server, "ann"), await signIn(server, "bob")]).toEqual(["in", "refused"]);
    const request = { select: { base: people, filter: "(uid=*)" }, account: "disable" };
    const { status, body } = await served.ask("POST", "bulk", request);
    expect([status, body.counts, body.refused, body.warnings]).toEqual([
      207,
      { selected: 2, changed: 0, unchanged: 1, refused: 1 },
      [{ dn: dnOf("ann"), reason: powerless.title }],
      [],
    ]);
  });

  it("are not called disabled where there is no policy at all", async () => {
    const { server, disable } = await start([person("ann")], [], true);
    expect(await disable("ann")).toEqual(powerless);
    expect(await signIn(server, "ann")).toBe("in");
  });

  it("are disabled where the policy of everybody locks", async () => {
    const { server, disable } = await start([person("ann")], [`ppolicy_default "cn=locks,${baseDn}"`], true);
    expect(await disable("ann")).toEqual({ ...done, warnings: [] });
    expect(await signIn(server, "ann")).toBe("refused");
  });

  it("are locked with a warning where nobody can see which policy holds", async () => {
    const { served, disable } = await start([person("ann"), person("bob")]);
    const warnings = [
      "Whether that keeps them out cannot be seen from here: the directory heeds it where the password policy of the account has pwdLockout: TRUE. Try it, or ask whoever runs the directory.",
    ];
    expect(await disable("ann")).toEqual({ ...done, warnings });
    const request = { select: { base: people, filter: "(uid=*)" }, account: "disable", preview: true };
    expect((await served.ask("POST", "bulk", request)).body.warnings).toEqual(warnings);
  });
});

describe("accounts of Active Directory", () => {
  const facts = { vendor: "active-directory", supportedControls: new Set<string>() } as const;
  const changes = (action: AccountAction, values: Record<string, string>) => {
    const attributes = Object.entries({ objectClass: "user", ...values }).map(([type, value]) =>
      attribute(type, value),
    );
    const entry = new SearchEntry({ type: "searchResultEntry", objectName: "CN=Ann", attributes }, []);
    const account = { entry, facts, schema: builtInSchema, lockout: "heeded", nowMs: noon } as const;
    return accountChanges(action, account).changes.map(({ operation, modification: { type, values } }) => [
      operation,
      type,
      ...values.map((value) => Buffer.from(value).toString()),
    ]);
  };

  it.each([
    ["disable", { userAccountControl: "512" }, [["replace", "userAccountControl", "514"]]],
    ["disable", { userAccountControl: "66050" }, []],
    ["enable", { userAccountControl: "66050" }, [["replace", "userAccountControl", "66048"]]],
    ["enable", { userAccountControl: "512" }, []],
    ["unlock", { lockoutTime: "133500000000000000" }, [["replace", "lockoutTime", "0"]]],
    ["unlock", { lockoutTime: "0" }, []],
    ["unlock", {}, []],
    ["force_change", { pwdLastSet: "133500000000000000" }, [["replace", "pwdLastSet", "0"]]],
  ] as const)("%s of %j sends %j", (action, values, expected) => {
    expect(changes(action, values)).toEqual(expected);
  });

  it("are not guessed at where the flags cannot be seen", () => {
    expect(() => changes("disable", {})).toThrow(/userAccountControl/);
  });
});
