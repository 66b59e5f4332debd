/** The manager over a real Active Directory domain controller, Samba's: what it has of its own, from sign-in to undo. */
import {
  createCertificateAuthority,
  type Manager,
  type ManagerClient,
  requirePrograms,
  type Samba,
  sambaPrograms,
  startManager,
  startSamba,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";

const describe = requirePrograms({ ...sambaPrograms, openssl: "openssl" }, { root: true });

const api = "/api/v1/clusters/ad";
const firstPassword = "First-passw0rd";

describe("the manager of an Active Directory", () => {
  const cleanup = new AsyncDisposableStack();
  let samba: Samba;
  let manager: Manager;
  let admin: ManagerClient;
  beforeAll(async () => {
    const directory = cleanup.use(await temporaryDirectory("certificates"));
    const authority = await createCertificateAuthority(directory.path);
    samba = cleanup.use(await startSamba(authority));
    const cluster = {
      ...{ name: "ad", base_dn: samba.baseDn, bind_dn: samba.rootDn, bind_password: samba.rootPassword },
      nodes: [{ host: samba.address, port: samba.port }],
      tls: { mode: "ldaps", ca_file: samba.authority },
    };
    manager = cleanup.use(await startManager({ configuration: { clusters: [cluster] } }));
    admin = await manager.signIn("ad", "Administrator", samba.rootPassword);
  }, 60_000);
  afterAll(() => cleanup.disposeAsync());

  const users = () => `CN=Users,${samba.baseDn}`;
  const post = (path: string, body: object, by = admin) => by.ask<Answer>(`POST ${api}${path}`, { body });
  const undo = async (changeSet: string | undefined) => {
    const { status, body } = await admin.ask<Answer>(`POST /api/v1/changes/${changeSet}/undo`, { body: {} });
    return { status, warnings: body.warnings };
  };
  const entry = async (dn: string) => {
    const { body } = await admin.ask<Answer>(`GET ${api}/entry?dn=${encodeURIComponent(dn)}`);
    return body.entry?.attributes;
  };
  const passwordState = async (dn: string) => {
    const { body } = await admin.ask<Answer>(`GET ${api}/password?dn=${encodeURIComponent(dn)}`);
    return { set: body.set, mustChange: body.mustChange, disabled: body.disabled };
  };
  const members = async (dn: string) => {
    const { body } = await admin.ask<Answer>(`GET ${api}/members?dn=${encodeURIComponent(dn)}`);
    return body.members?.map(({ value }) => value).sort();
  };
  /** Somebody with a password, whose account is enabled. */
  const addPerson = async (login: string) => {
    const dn = `CN=${login},${users()}`;
    const attributes = {
      ...{ objectClass: ["user"], sAMAccountName: [login], userPrincipalName: [`${login}@ad.example.com`] },
      ...{ mail: [`${login}@example.org`], sn: ["Lee"], userPassword: [firstPassword] },
    };
    expect((await post("/entries", { dn, attributes })).body.outcome).toBe("applied");
    expect((await post("/entry/account", { dn, action: "enable" })).body.did).toEqual(["The account is enabled."]);
    return dn;
  };
  /** 201, or the code of the problem. */
  const signIn = async (name: string, password: string) => {
    const credentials = { cluster: "ad", name, password };
    const { status, body } = await manager.stranger.ask<Answer>("POST /api/v1/session", { body: credentials });
    return body.code ?? status;
  };

  it("lets people sign in by DN, login name, principal name and mail address", async () => {
    const dn = await addPerson("ann");
    const names = [dn, "ann", "ANN", "ann@ad.example.com", "ann@example.org"];
    expect(await Promise.all(names.map((name) => signIn(name, firstPassword)))).toEqual(names.map(() => 201));
    expect(await signIn("ann", "wrong")).toBe("wrong_credentials");
  });

  it("sets passwords, makes them up, and says why one is refused", async () => {
    const dn = await addPerson("bob");
    expect(await passwordState(dn)).toEqual({ set: true, mustChange: false, disabled: false });
    expect((await post("/password", { dn, newPassword: "Second-passw0rd" })).status).toBe(200);
    // The one before is taken for an hour more, as Windows has it.
    expect(await signIn("bob", "Second-passw0rd")).toBe(201);
    const weak = await post("/password", { dn, newPassword: "weak" });
    expect([weak.body.code, weak.body.title]).toEqual([
      "password_policy",
      "The password does not suit the domain's policy: it is too short, too simple, too like the name, was used before, or the old one is too new.",
    ]);
    const { body } = await post("/password", { dn, generate: true });
    expect(await signIn("bob", body.generatedPassword ?? "")).toBe(201);
    // As a change among others the password is made up, too.
    const { body: applied } = await post("/changes", { changes: [{ type: "password", dn }] });
    expect(await signIn("bob", applied.results?.[0]?.generatedPassword ?? "")).toBe(201);
    expect((await post("/password", { dn, generate: true, mustChange: true })).body.mustChange).toBe(true);
    expect(await passwordState(dn)).toEqual({ set: "unknown", mustChange: true, disabled: false });
  });

  it("lets people change their own password, with the old one", async () => {
    await addPerson("carl");
    const carl = await manager.signIn("ad", "carl", firstPassword);
    const change = (oldPassword: string) =>
      post("/password/own", { oldPassword, newPassword: "Another-passw0rd" }, carl);
    expect((await change("not-Carls-passw0rd")).body.title).toBe("The old password is not right.");
    // The domain wants a password kept for a day.
    const tooYoung = await change(firstPassword);
    expect([tooYoung.body.code, tooYoung.body.ldap?.diagnosticMessage]).toEqual([
      "password_policy",
      expect.stringContaining("password is too young to change"),
    ]);
    expect(await signIn("carl", firstPassword)).toBe(201);
    const minimum = { operation: "replace", attribute: "minPwdAge", values: ["0"] };
    await post("/changes", { changes: [{ type: "modify", dn: samba.baseDn, changes: [minimum] }] });
    expect((await change(firstPassword)).body).toMatchObject({ warnings: [], mustChange: false });
    expect(await signIn("carl", "Another-passw0rd")).toBe(201);
    // The session goes on with the new one.
    expect((await carl.ask(`GET ${api}/entry?dn=${encodeURIComponent(`CN=carl,${users()}`)}`)).status).toBe(200);
  });

  it("disables and enables accounts", async () => {
    const dn = await addPerson("dora");
    expect((await post("/entry/account", { dn, action: "disable" })).body.did).toEqual(["The account is disabled."]);
    expect([await signIn("dora", firstPassword), await passwordState(dn)]).toEqual([
      "wrong_credentials",
      { set: true, mustChange: false, disabled: true },
    ]);
    expect((await post("/entry/account", { dn, action: "enable" })).status).toBe(200);
    expect(await signIn("dora", firstPassword)).toBe(201);
  });

  it("renames and moves people, whose groups follow, and undoes it", async () => {
    const dn = await addPerson("eve");
    const [group, team] = [`CN=staff,${users()}`, `OU=Team,${samba.baseDn}`];
    await post("/entries", {
      dn: group,
      attributes: { objectClass: ["group"], sAMAccountName: ["staff"], member: [dn] },
    });
    await post("/entries", { dn: team, attributes: { objectClass: ["organizationalUnit"] } });
    const moved = await post("/entries/move", { dn, newParent: team });
    expect([moved.status, await members(group)]).toEqual([200, [`CN=eve,${team}`]]);
    expect([(await undo(moved.body.id)).status, await members(group)]).toEqual([200, [dn]]);
    const renamed = await post("/entries/rename", { dn, newRdn: "CN=eva" });
    expect([renamed.status, await members(group)]).toEqual([200, [`CN=eva,${users()}`]]);
    expect([(await undo(renamed.body.id)).status, await members(group)]).toEqual([200, [dn]]);
  });

  it("copies people, disabled, and brings back who was deleted", async () => {
    const dn = await addPerson("finn");
    const copy = `CN=gina,${users()}`;
    const attributes = { sAMAccountName: ["gina"], userPrincipalName: [] };
    expect((await post("/entries/copy", { dn, newDn: copy, attributes })).body.warnings).toContain(
      "Accounts are copied without a password, and so are disabled.",
    );
    expect(await entry(copy)).toMatchObject({ sAMAccountName: ["gina"], sn: ["Lee"], mail: ["finn@example.org"] });
    expect(await passwordState(copy)).toMatchObject({ disabled: true });
    const deleted = await admin.ask<Answer>(`DELETE ${api}/entry?dn=${encodeURIComponent(dn)}`);
    expect(await undo(deleted.body.id)).toEqual({
      status: 200,
      warnings: [
        `${dn} is added as a new entry: with another SID and GUID, in no group, and, if it is an account, without its password, and so disabled.`,
      ],
    });
    expect(await entry(dn)).toMatchObject({ sAMAccountName: ["finn"], sn: ["Lee"] });
  });
});

interface Answer {
  readonly code?: string;
  readonly title?: string;
  readonly outcome?: string;
  readonly id?: string;
  readonly did?: readonly string[];
  readonly warnings?: readonly string[];
  readonly generatedPassword?: string;
  readonly results?: readonly { readonly generatedPassword?: string }[];
  readonly set?: unknown;
  readonly mustChange?: unknown;
  readonly disabled?: unknown;
  readonly ldap?: { readonly diagnosticMessage: string };
  readonly entry?: { readonly attributes: Readonly<Record<string, unknown>> };
  readonly members?: readonly { readonly value: string }[];
}
