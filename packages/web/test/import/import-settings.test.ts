/** What the columns of a file are taken for, and what is asked for before it is sent. */
import { describe, expect, it } from "vitest";
import {
  type CsvSettings,
  likelyMapping,
  missingSetting,
  noCsvSettings,
  queryOf,
} from "../../src/screens/import/import-settings.ts";

const names = ["dn", "uid", "cn", "sn", "mail", "name", "objectClass"];
const preview = { separator: ",", header: ["Login", "Name"], rows: [] };
const filled: CsvSettings = {
  ...noCsvSettings,
  ...{ mapping: { Login: "uid", Name: "cn" }, objectClasses: ["account", "extensibleObject"] },
  ...{ parent: "ou=people,dc=example,dc=com", rdn: "uid" },
};
const missing = (csv: CsvSettings) => missingSetting({ format: "csv", mode: "add", csv }, preview);

describe("the columns of a CSV file", () => {
  it("are the attributes they are called, in any letter case, or what spreadsheets call those", () => {
    expect(likelyMapping(["UID", " Mail ", "Name", "Last name", "Shoe size"], names)).toEqual({
      ...{ UID: "uid", " Mail ": "mail", Name: "cn", "Last name": "sn", "Shoe size": "" },
    });
  });

  it("are not the same attribute twice", () => {
    expect(likelyMapping(["mail", "E-mail"], names)).toEqual({ mail: "mail", "E-mail": "" });
  });
});

describe("before a file is sent", () => {
  it("everything is said that the import needs", () => {
    expect(missing(filled)).toBeUndefined();
    expect(missing({ ...filled, mapping: {} })).toBe("Say what the columns are.");
    expect(missing({ ...filled, mapping: { Login: "uid", Name: "uid" } })).toBe("Two columns are uid: leave one out.");
    expect(missing({ ...filled, objectClasses: [] })).toBe("Say which object classes the entries get.");
    expect(missing({ ...filled, parent: "" })).toMatch(/below which entry/);
    expect(missing({ ...filled, rdn: "mail" })).toBe("Entries are to be named by mail, which no column is.");
    expect(missing({ ...filled, mapping: { Login: "dn" }, parent: "", rdn: "" })).toBeUndefined();
    expect(missing({ ...filled, form: "user", objectClasses: [], parent: "", rdn: "" })).toBeUndefined();
    expect(missingSetting({ format: "ldif", mode: "add", csv: noCsvSettings }, undefined)).toBeUndefined();
  });

  it("only what counts is sent with it", () => {
    const how = { dryRun: true, continues: true };
    const common = { name: "people", mode: "add", dryRun: "true", continues: "true" };
    expect(queryOf({ format: "ldif", mode: "add", csv: filled }, "people", how)).toEqual(common);
    const csv = { ...common, mapping: '{"Login":"uid","Name":"cn"}', severalValues: "true" };
    expect(queryOf({ format: "csv", mode: "add", csv: filled }, "people", how)).toEqual({
      ...{ ...csv, objectClasses: "account,extensibleObject", parent: "ou=people,dc=example,dc=com", rdn: "uid" },
    });
    expect(queryOf({ format: "csv", mode: "add", csv: { ...filled, form: "user" } }, "people", how)).toEqual({
      ...{ ...csv, form: "user", parent: "ou=people,dc=example,dc=com" },
    });
  });
});
