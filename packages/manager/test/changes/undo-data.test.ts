/** What is kept of a change for its undoing, where the directory did not show everything. */
import { attribute, builtInSchema, type PartialAttribute } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EntryChange } from "../../src/changes/change-set.ts";
import type { Sent } from "../../src/changes/send-change.ts";
import { decodeUndoData, encodeUndoData, undoDataOf } from "../../src/changes/undo-data.ts";

const dn = "uid=ann,dc=example,dc=com";
const state = (...attributes: PartialAttribute[]) => ({ attributes, version: "1" });
const sent = (change: EntryChange, before?: Sent["before"], after?: Sent["after"]): Sent => ({
  ...{ status: "applied", node: "ldap1", change, before, after },
});

describe("what is kept of a change", () => {
  const replaced: EntryChange = {
    ...{ type: "modify", dn },
    changes: [{ operation: "replace", modification: attribute("userPassword", "{SSHA}new") }],
  };

  it("does not take an attribute for absent that its author may set and not read", () => {
    expect(undoDataOf(sent(replaced, state(), state()), builtInSchema)).toEqual({
      ...{ inverse: [], left: [], leftIsAll: false },
      lost: [`userPassword of ${dn} stays as it was set: what it was before was not readable.`],
    });
  });

  it("removes an attribute that was absent, where it can be read afterwards", () => {
    const { inverse, lost } = undoDataOf(
      sent(replaced, state(), state(attribute("userPassword", "{SSHA}new"))),
      builtInSchema,
    );
    expect(lost).toEqual([]);
    expect(inverse).toEqual([
      { type: "modify", dn, changes: [{ operation: "delete", modification: attribute("userPassword", "{SSHA}new") }] },
    ]);
  });

  it("undoes named values without having read any", () => {
    const change: EntryChange = {
      ...{ type: "modify", dn },
      changes: [
        { operation: "delete", modification: attribute("member", "cn=a") },
        { operation: "add", modification: attribute("member", "cn=b") },
      ],
    };
    expect(undoDataOf(sent(change, state(), state()), builtInSchema)).toEqual({
      inverse: [
        {
          ...{ type: "modify", dn },
          changes: [
            { operation: "delete", modification: attribute("member", "cn=b") },
            { operation: "add", modification: attribute("member", "cn=a") },
          ],
        },
      ],
      ...{ left: [{ type: "member" }, { type: "member", present: attribute("m", "cn=b").values }] },
      ...{ leftIsAll: false, lost: [] },
    });
  });

  it("leaves out what the server keeps itself when it adds an entry again", () => {
    const before = state(attribute("objectClass", "person"), attribute("entryUUID", "x"), attribute("cn", "Ann"));
    const { inverse } = undoDataOf(sent({ type: "delete", dn }, before), builtInSchema);
    expect(inverse).toEqual([
      { type: "add", dn, attributes: [attribute("objectClass", "person"), attribute("cn", "Ann")] },
    ]);
  });

  it("cannot add an entry again that it has not read", () => {
    expect(undoDataOf(sent({ type: "delete", dn }), builtInSchema)).toMatchObject({
      ...{ inverse: [], lost: [`${dn} cannot be added again: what it held was not readable.`] },
    });
  });

  it("comes back from the store as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { minLength: 1 }), (values) => {
        const data = undoDataOf(
          sent({ type: "delete", dn }, state({ type: "cn", values: values.map((each) => Buffer.from(each)) })),
          builtInSchema,
        );
        const read = decodeUndoData(encodeUndoData(data));
        expect(JSON.stringify(read.inverse)).toEqual(JSON.stringify(data.inverse));
      }),
    );
  });
});
