import { type Filter, parseFilter } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyFilter } from "../../../ldap/test/message/arbitrary.ts";
import { KnownShapes } from "../../src/firewall/known-shapes.ts";
import { filterShape, parseShape } from "../../src/frame/filter-shape.ts";

const shapeOf = (text: string, maxItems = 100) => filterShape(parseFilter(text), maxItems);

describe("the shape of a filter", () => {
  it.each([
    ["(uid=ann)", "(uid=?)"],
    ["(UserID=ann)", "(uid=?)"],
    ["(0.9.2342.19200300.100.1.1=*)", "(uid=*)"],
    ["(cn=a*)", "(cn=?*)"],
    ["(cn=*a)", "(cn=*?)"],
    ["(cn=*a*)", "(cn=*?*)"],
    ["(cn=*a*b*)", "(cn=*?*)"],
    ["(cn=a*b*c)", "(cn=?*?)"],
    ["(uidNumber>=1000)", "(uidnumber>=?)"],
    ["(uidNumber<=1000)", "(uidnumber<=?)"],
    ["(cn~=ann)", "(cn~=?)"],
    ["(cn:dn:caseExactMatch:=ann)", "(cn:dn:caseexactmatch:=?)"],
    ["(:caseExactMatch:=ann)", "(:caseexactmatch:=?)"],
    ["(&(uid=ann)(objectClass=person))", "(&(objectclass=?)(uid=?))"],
    ["(&(objectClass=person)(uid=ann))", "(&(objectclass=?)(uid=?))"],
    ["(|(!(mail=*))(uid=ann))", "(|(!(mail=*))(uid=?))"],
    ["(&)", "(&)"],
  ])("%s is %s", (filter, shape) => {
    expect(shapeOf(filter)).toBe(shape);
  });

  it("is not written out for a filter with more items than allowed", () => {
    expect(shapeOf("(|(a=1)(a=2)(a=3))", 3)).toBe("(|(a=?)(a=?)(a=?))");
    expect(shapeOf("(|(a=1)(a=2)(a=3))", 2)).toBeUndefined();
  });

  it("holds no value of any filter", () => {
    const secret = "q7Wz!kX93";
    const withSecret = (filter: Filter): Filter => {
      const value = Buffer.from(secret);
      switch (filter.type) {
        case "and":
        case "or":
          return { ...filter, filters: filter.filters.map(withSecret) };
        case "not":
          return { ...filter, filter: withSecret(filter.filter) };
        case "present":
          return filter;
        case "substrings":
          return {
            ...filter,
            initial: filter.initial && value,
            any: filter.any.map(() => value),
            final: filter.final && value,
          };
        default:
          return { ...filter, value };
      }
    };
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(filterShape(withSecret(filter), 1_000)).toBe(filterShape(filter, 1_000));
        expect(filterShape(withSecret(filter), 1_000)).not.toContain(secret);
      }),
    );
  });
});

describe("a shape as an administrator writes it", () => {
  it.each([
    ["(CommonName=*?*)", "(cn=*?*)", 1],
    ["(?=*?*)", "(?=*?*)", 1],
    ["(?:caseExactMatch:=?)", "(?:caseexactmatch:=?)", 1],
    ["(&(uid=?)(objectClass=?))", "(&(objectclass=?)(uid=?))", 2],
    ["(1.1.5=?)", "(1.1.5=?)", 1],
  ])("%s is %s", (text, shape, items) => {
    expect(parseShape(text)).toStrictEqual({ shape, items });
  });

  it.each(["(uid=ann)", "(uid=?x)", "uid", "(uid=?", ""])("%j is refused", (text) => {
    expect(() => parseShape(text)).toThrow(RangeError);
  });
});

describe("filters with a shape", () => {
  const occurs = (shape: string, filter: string) => new KnownShapes([shape]).occursIn(parseFilter(filter));
  const makesUp = (shapes: string[], filter: string) => new KnownShapes(shapes).makeUp(parseFilter(filter));

  it("are found at any depth, of a stated attribute or of any", () => {
    expect(occurs("(cn=*?*)", "(&(objectClass=person)(|(cn=*an*)(uid=x)))")).toBe(true);
    expect(occurs("(?=*?*)", "(&(objectClass=person)(!(description=*an*)))")).toBe(true);
    expect(occurs("(cn=*?*)", "(&(objectClass=person)(cn=an*))")).toBe(false);
    expect(occurs("(&(cn=?)(uid=?))", "(!(&(uid=a)(cn=b)))")).toBe(true);
    expect(occurs("(&(cn=?)(uid=?))", "(&(uid=a)(cn=b)(sn=c))")).toBe(false);
  });

  it("are made of the shapes only where each part is, and no part is turned around", () => {
    const shapes = ["(uid=?)", "(objectClass=?)"];
    expect(makesUp(shapes, "(uid=ann)")).toBe(true);
    expect(makesUp(shapes, "(&(objectClass=person)(|(uid=ann)(uid=bob)))")).toBe(true);
    expect(makesUp(shapes, "(uid=*)")).toBe(false);
    expect(makesUp(shapes, "(&(objectClass=person)(cn=x))")).toBe(false);
    expect(makesUp(shapes, "(!(uid=ann))")).toBe(false);
    expect(makesUp([...shapes, "(!(uid=?))"], "(&(objectClass=person)(!(uid=ann)))")).toBe(true);
    expect(makesUp(shapes, "(&)")).toBe(false);
  });
});
