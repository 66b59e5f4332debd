import { formatFilter, parseFilter } from "@espalier/ldap";
import { describe, expect, it } from "vitest";
import { describeFilter, withoutSecrets } from "../../src/observe/describe-filter.ts";
import { isSecretAttribute } from "../../src/observe/secret-attributes.ts";
import { frame, searchFor } from "./conversation.ts";

describe("a filter as logs show it", () => {
  it.each([
    ["(uid=ann)", "(uid=ann)"],
    ["(&(uid=ann)(!(userPassword=x)))", "(&(uid=ann)(!(userPassword=[secret])))"],
    ["(|(2.5.4.35;x-a>=x)(cn=*a*))", "(|(2.5.4.35;x-a>=[secret])(cn=*a*))"],
    ["(unicodePwd=a*b*c)", "(unicodePwd=[secret]*)"],
    ["(userPassword=*)", "(userPassword=*)"],
    ["(:caseExactMatch:=x)", "(:caseExactMatch:=[secret])"],
    ["(cn:caseExactMatch:=x)", "(cn:caseExactMatch:=x)"],
    ["(userPassword:octetStringMatch:=x)", "(userPassword:octetStringMatch:=[secret])"],
  ])("%s is %s", (filter, shown) => {
    expect(formatFilter(withoutSecrets(parseFilter(filter)))).toBe(shown);
    expect(describeFilter(frame(2, searchFor(filter)))).toBe(shown);
  });

  it("is not written out when it is long", () => {
    const names = Array.from({ length: 500 }, (_, i) => `(uid=u${i})`).join("");
    expect(describeFilter(frame(2, searchFor(`(|${names})`)))).toMatch(/^\[a filter of \d{4,5} bytes\]$/);
  });
});

it.each([
  "userPassword",
  "USERPASSWORD;lang-de",
  "2.5.4.35",
  "unicodePwd",
  "1.2.840.113556.1.4.90",
  "sambaNTPassword",
  "olcRootPW",
])("values of %s are secrets", (description) => expect(isSecretAttribute(description)).toBe(true));

it.each(["cn", "pwdLastSet", "pwdAccountLockedTime", "badPwdCount", "2.5.4.3", "uid"])(
  "values of %s are not",
  (description) => expect(isSecretAttribute(description)).toBe(false),
);
