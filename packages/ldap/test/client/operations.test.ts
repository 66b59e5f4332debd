import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { attribute, LdapClient, OperationError } from "../../src/client/index.ts";
import { passwordPolicyControl } from "../../src/controls/password-policy.ts";
import { decodePostReadResponse, postReadControl } from "../../src/controls/read-entry.ts";
import { LdapError } from "../../src/error.ts";
import { Oid } from "../../src/oid.ts";
import { ResultCode } from "../../src/result-code.ts";
import {
  adminDn,
  adminPassword,
  base,
  describeWithSlapd,
  type Slapd,
  startSlapd,
  userDn,
  userPassword,
} from "../support/slapd.ts";

const success = { resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [], controls: [] };

describeWithSlapd("operations, against slapd", () => {
  let slapd: Slapd;
  let client: LdapClient;
  beforeAll(async () => {
    slapd = await startSlapd();
  });
  afterAll(() => slapd.stop());
  beforeEach(async () => {
    client = await LdapClient.connect({ url: slapd.url });
  });
  afterEach(() => client.unbind());

  it("binds, and knows whose session it is", async () => {
    expect(client.authorization).toEqual({ state: "anonymous" });
    expect((await client.whoAmI()).authzId).toBe("");
    expect(await client.bind(userDn(1), userPassword(1))).toEqual({
      ...success,
      type: "bindResponse",
      serverSaslCreds: undefined,
    });
    expect(client.authorization).toEqual({ state: "bound", mechanism: "simple", name: userDn(1) });
    expect((await client.whoAmI()).authzId).toBe(`dn:${userDn(1)}`);
  });

  it("is anonymous after a wrong password", async () => {
    await client.bind(userDn(1), userPassword(1));
    await expect(client.bind(userDn(1), "wrong")).rejects.toMatchObject({
      name: "LdapError",
      resultCode: ResultCode.invalidCredentials,
    });
    expect(client.authorization).toEqual({ state: "anonymous" });
    expect((await client.whoAmI()).authzId).toBe("");
  });

  it("gives the controls of a bind that was refused", async () => {
    const bind = client.bind(userDn(1), "wrong", { controls: [passwordPolicyControl()] });
    const error: unknown = await bind.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(OperationError);
    expect((error as OperationError).result.controls.map(({ controlType }) => controlType)).toEqual([
      Oid.passwordPolicy,
    ]);
  });

  it("does not send a bind with a name and no password, unless told to", async () => {
    const error = await client.bind(userDn(1), "").catch((error: unknown) => error);
    expect(error).toBeInstanceOf(LdapError);
    expect(error).not.toBeInstanceOf(OperationError);
    expect(error).toMatchObject({ resultCode: ResultCode.unwillingToPerform });
    // slapd allows it only by configuration, and says so.
    await expect(client.bind(userDn(1), "", { allowUnauthenticated: true })).rejects.toMatchObject({
      result: { type: "bindResponse", resultCode: ResultCode.unwillingToPerform },
    });
  });

  it("binds by SASL EXTERNAL over ldapi", async () => {
    await using local = await LdapClient.connect({ url: slapd.ldapiUrl });
    await local.saslBind("EXTERNAL", new Uint8Array(0));
    expect(local.authorization).toEqual({ state: "bound", mechanism: "EXTERNAL", name: "" });
    expect((await local.whoAmI()).authzId).toMatch(/^dn:gidNumber=\d+\+uidNumber=\d+,cn=peercred,cn=external,cn=auth$/);
  });

  it("lets a bind go only alone", async () => {
    const whoAmI = client.whoAmI();
    await expect(client.bind(userDn(1), userPassword(1))).rejects.toMatchObject({ code: "ERR_NOT_ALONE" });
    await whoAmI;
    const bind = client.bind(userDn(1), userPassword(1));
    expect(client.authorization).toEqual({ state: "unknown" });
    await expect(client.whoAmI()).rejects.toMatchObject({ code: "ERR_NOT_ALONE" });
    await bind;
  });

  it("adds, reads, compares, modifies, renames, moves and deletes an entry", async () => {
    await client.bind(adminDn, adminPassword);
    const dn = `cn=Zoë,ou=people,${base}`;
    const photo = Uint8Array.of(0, 255, 10, 13);
    const attributes = [
      attribute("objectClass", "inetOrgPerson"),
      attribute("cn", "Zoë"),
      attribute("sn", "A"),
      attribute("jpegPhoto", photo),
    ];
    expect(await client.add(dn, attributes)).toEqual({ ...success, type: "addResponse" });

    const { entries } = await client.searchAll({ baseObject: dn, scope: "baseObject" });
    expect(entries[0]?.values("JPEGphoto")).toEqual([photo]);
    expect(entries[0]?.text("cn")).toBe("Zoë");
    expect(entries[0]?.texts("mail")).toEqual([]);

    expect((await client.compare(dn, "sn", "a")).matches).toBe(true);
    expect(await client.compare(dn, "sn", "B")).toEqual({
      ...success,
      type: "compareResponse",
      resultCode: 5,
      matches: false,
    });
    await expect(client.compare(dn, "mail", "x")).rejects.toMatchObject({ resultCode: ResultCode.noSuchAttribute });

    const modified = await client.modify(
      dn,
      [
        { operation: "replace", modification: attribute("sn", "C") },
        { operation: "delete", modification: attribute("jpegPhoto") },
      ],
      { controls: [postReadControl(["*"])] },
    );
    expect(decodePostReadResponse(modified.controls[0]!).attributes.map(({ type }) => type)).toEqual([
      "objectClass",
      "cn",
      "sn",
    ]);

    await client.modifyDn(dn, { newRdn: "cn=Zoe", deleteOldRdn: true });
    await client.modifyDn(`cn=Zoe,ou=people,${base}`, { newRdn: "cn=Zoe", deleteOldRdn: false, newSuperior: base });
    await client.del(`cn=Zoe,${base}`);
    await expect(client.del(`cn=Zoe,${base}`)).rejects.toMatchObject({
      message: "noSuchObject",
      resultCode: ResultCode.noSuchObject,
      matchedDn: base,
    });
  });

  it("changes a password, or has the server make one up", async () => {
    await client.bind(userDn(2), userPassword(2));
    await client.passwordModify({ oldPasswd: userPassword(2), newPasswd: "änderung" });
    await client.bind(userDn(2), "änderung");
    const { genPasswd } = await client.passwordModify({ userIdentity: userDn(2), oldPasswd: "änderung" });
    await client.bind(userDn(2), genPasswd!);
  });

  it("answers many operations at once on one connection", async () => {
    // slapd drops an anonymous connection with more than a hundred operations waiting.
    await client.bind(userDn(1), userPassword(1));
    const comparisons = Array.from({ length: 200 }, (_, index) => client.compare(userDn(index), "cn", `User ${index}`));
    expect(client.outstandingCount).toBe(200);
    expect(await Promise.all(comparisons.map(async (comparison) => (await comparison).matches))).toEqual(
      Array(200).fill(true),
    );
    expect(client.outstandingCount).toBe(0);
  });

  it("calls an operation that it does not know by its error", async () => {
    await expect(client.extended("1.2.3.4")).rejects.toMatchObject({
      message: "protocolError: unsupported extended operation",
      result: { type: "extendedResponse", resultCode: ResultCode.protocolError },
    });
  });
});
