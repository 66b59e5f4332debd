/** DNs and filters with claims in them: whatever a claim holds, it is a value. */
import { type Filter, parseDn } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { claimsOf, fillDn, fillFilter, templateProblem } from "../../src/sessions/oidc/claim-template.ts";

describe("a template", () => {
  it("of a DN gives a name with the same number of parts, and the claim as its value", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 256, unit: "binary" }), (value) => {
        const dn = fillDn("uid={sub},ou=people,dc=example,dc=com", { sub: value });
        const parsed = parseDn(dn ?? "");
        expect(parsed).toHaveLength(4);
        expect(parsed[0]).toEqual([{ type: "uid", value: value.toWellFormed() }]);
      }),
    );
  });

  it("of a filter gives the same filter, and the claim as the value it compares with", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 256 }), (value) => {
        const filled = fillFilter("(&(objectClass=person)(mail={email}))", { email: value });
        const { filters } = filled as Extract<Filter, { type: "and" }>;
        expect(filters[1]).toEqual({
          ...{ type: "equalityMatch", attribute: "mail" },
          value: new Uint8Array(Buffer.from(value)),
        });
      }),
    );
  });

  it("is nobody's without the claim, with an empty one, a list, or one that is too long", () => {
    for (const sub of [undefined, null, "", [], ["a"], {}, true, "x".repeat(257)]) {
      expect(fillDn("uid={sub},dc=example", { sub })).toBeUndefined();
      expect(fillFilter("(uid={sub})", { sub })).toBeUndefined();
    }
    expect(fillDn("uid={constructor},dc=example", {})).toBeUndefined();
    expect(fillDn("uid={sub},dc=example", { sub: 7 })).toBe("uid=7,dc=example");
  });

  it("does not go by a mail address that the provider has not verified", () => {
    const email = "ann@example.com";
    expect(fillFilter("(mail={email})", { email, email_verified: false })).toBeUndefined();
    expect(fillFilter("(mail={email})", { email, email_verified: true })).toBeDefined();
    expect(fillFilter("(mail={email})", { email })).toBeDefined();
  });

  it("that cannot be used is said to be", () => {
    expect(templateProblem("dn", "uid={sub},dc=example")).toBeUndefined();
    expect(templateProblem("filter", "(|(uid={sub})(mail={https://example.com/mail}))")).toBeUndefined();
    expect(templateProblem("dn", "uid=ann,dc=example")).toContain("names no claim");
    expect(templateProblem("dn", "{sub}")).toContain("is no DN");
    expect(templateProblem("filter", "(uid={sub}")).toContain("is no filter");
    expect(claimsOf("(|(uid={sub})(mail={email}))")).toEqual(["sub", "email"]);
  });
});
