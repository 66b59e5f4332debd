// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how forms are written
import { parseDn } from "@espalier/ldap";
import { type CreationForm, creationForm } from "@espalier/service";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { type FormValue, fillForm } from "../../src/entries/creation-form.ts";
import { fillTemplate, parseTemplate } from "../../src/entries/template-text.ts";

const fieldName = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9]{0,8}$/);

describe("templates", () => {
  it("put what fields hold in the place of their names, whatever is in it", () => {
    const part = fc.oneof(
      fc.record({ text: fc.string().map((text) => text.replaceAll("$", "")) }),
      fc.record({ field: fieldName }),
    );
    fc.assert(
      fc.property(fc.array(part), fc.dictionary(fieldName, fc.string()), (parts, values) => {
        const template = parts.map((each) => ("text" in each ? each.text : `\${${each.field}}`)).join("");
        const heldBy = (field: string) => (Object.hasOwn(values, field) ? values[field] : undefined);
        const texts = parts.map((each) => ("text" in each ? each.text : heldBy(each.field)));
        const expected = texts.includes(undefined) ? undefined : texts.join("");
        expect(fillTemplate(parseTemplate(template), heldBy)).toBe(expected);
      }),
    );
  });

  it.each([
    ["$", [{ text: "$" }]],
    ["${", [{ text: "${" }]],
    ["a${b}${c}", [{ text: "a" }, { field: "b" }, { field: "c" }]],
    ["$${uid}", [{ text: "$" }, { field: "uid" }]],
    ["${ uid }", [{ field: "uid" }]],
    ["", []],
  ])("%j is %j", (template, parts) => {
    expect(parseTemplate(template)).toEqual(parts);
  });
});

function form(written: Partial<z.input<typeof creationForm>>): CreationForm {
  return creationForm.parse({
    base_ou: "ou=people,dc=example,dc=com",
    object_classes: ["person"],
    fields: [],
    ...written,
  });
}

const generated = { daysSinceEpoch: 20_000, numberOf: () => 2_000 };
const fill = (filled: CreationForm, values: Record<string, FormValue>) => {
  const { dn, attributes, password } = fillForm(filled, values, generated);
  const decoder = new TextDecoder();
  return {
    dn,
    password,
    ...Object.fromEntries(attributes.map(({ type, values }) => [type, values.map((value) => decoder.decode(value))])),
  };
};

function errorsOf(filled: CreationForm, values: Record<string, FormValue>): unknown {
  try {
    fill(filled, values);
    return undefined;
  } catch (error) {
    return (error as { extra: { errors: unknown } }).extra.errors;
  }
}

describe("the name of a new entry", () => {
  it("is one RDN with the value as it was given, whatever characters are in it", () => {
    const named = form({ fields: [{ name: "cn", type: "textarea" }], rdn: "cn" });
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "binary" }), (value) => {
        fc.pre(value.isWellFormed());
        const { dn } = fillForm(named, { cn: value }, generated);
        expect(parseDn(dn)).toEqual([[{ type: "cn", value }], ...parseDn("ou=people,dc=example,dc=com")]);
      }),
    );
  });

  it("is uid, or the first field, or what the form says", () => {
    const fields = [{ name: "mail" }, { name: "uid" }, { name: "cn" }];
    const values = { mail: "a@example.com", uid: "ann", cn: "Ann" };
    expect(fill(form({ fields }), values).dn).toMatch(/^uid=ann,/);
    expect(fill(form({ fields, rdn: "cn" }), values).dn).toMatch(/^cn=Ann,/);
    expect(fill(form({ fields: [{ name: "mail" }] }), { mail: "a@example.com" }).dn).toMatch(/^mail=a@example.com,/);
    expect(errorsOf(form({ fields }), { mail: "a@example.com" })).toEqual([
      { path: "values.uid", message: "It names the entry, and is missing." },
    ]);
  });

  it("is below another entry where that is asked for", () => {
    const { dn } = fillForm(form({ fields: [{ name: "uid" }] }), { uid: "ann" }, generated, "OU=x, dc=example");
    expect(dn).toBe("uid=ann,OU=x,dc=example");
  });
});

describe("fields", () => {
  it("are made out of others, in whatever order and however far", () => {
    const fields = [
      { name: "homeDirectory", auto_generate: "/home/${mail}" },
      { name: "mail", auto_generate: "${uid}@${host}" },
      { name: "uid", auto_generate: "${sn}${uidNumber}" },
      { name: "host", default: "example.com" },
      { name: "sn" },
      { name: "uidNumber", auto_generate: "next_uid" },
      { name: "shadowLastChange", auto_generate: "days_since_epoch" },
      { name: "gecos", auto_generate: "${title} ${sn}" },
      { name: "title" },
    ];
    expect(fill(form({ fields }), { sn: "ek" })).toEqual({
      ...{ dn: "uid=ek2000,ou=people,dc=example,dc=com", password: undefined, objectClass: ["person"] },
      ...{ homeDirectory: ["/home/ek2000@example.com"], mail: ["ek2000@example.com"], uid: ["ek2000"] },
      ...{ host: ["example.com"], sn: ["ek"], uidNumber: ["2000"], shadowLastChange: ["20000"] },
    });
  });

  it("that are made out of themselves, of a password or of no field are the configuration's mistake", () => {
    const fields = [
      { name: "uid", auto_generate: "${cn}" },
      { name: "cn", auto_generate: "${uid}" },
      { name: "sn", auto_generate: "${userPassword}" },
      { name: "userPassword", type: "password" as const },
    ];
    const mend = "the configuration has to be mended.";
    expect(errorsOf(form({ fields }), { userPassword: "secret" })).toEqual([
      { path: "values.uid", message: `It is made out of fields that are made out of it: ${mend}` },
      { path: "values.sn", message: `It is made out of userPassword, which is a password: ${mend}` },
      { path: "values.uid", message: "It names the entry, and is missing." },
    ]);
  });

  it("hold what is given rather than what they are filled with, several values and no empty ones", () => {
    const fields = [
      { name: "uid" },
      { name: "mail", auto_generate: "${uid}@example.com" },
      { name: "l", default: "Delft" },
      { name: "active", type: "checkbox" as const, default: false },
      { name: "roomNumber", type: "number" as const },
    ];
    expect(
      fill(form({ fields }), { uid: "ann", mail: ["a@x.org", "", "b@x.org"], l: "", active: true, roomNumber: 7 }),
    ).toEqual({
      ...{ dn: "uid=ann,ou=people,dc=example,dc=com", password: undefined, objectClass: ["person"] },
      ...{ uid: ["ann"], mail: ["a@x.org", "b@x.org"], l: ["Delft"], active: ["TRUE"], roomNumber: ["7"] },
    });
  });

  it("that hold a password put it into no attribute", () => {
    const fields = [{ name: "uid" }, { name: "userPassword", type: "password" as const }, { name: "sn", default: "x" }];
    const filled = fill(form({ fields }), { uid: "ann", userPassword: " secret\n" });
    expect(filled).toEqual({
      ...{ dn: "uid=ann,ou=people,dc=example,dc=com", password: " secret\n", objectClass: ["person"] },
      ...{ uid: ["ann"], sn: ["x"] },
    });
  });
});
