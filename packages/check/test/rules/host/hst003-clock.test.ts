import { describe, expect, it } from "vitest";
import { hst003 } from "../../../src/rules/host/hst003-clock.ts";
import { findingsOf, observed } from "../../project.ts";

function found(offsets: Readonly<Record<string, number>>) {
  const clock = Object.entries(offsets).map(([source, offsetSeconds]) => ({ source, offsetSeconds }));
  return findingsOf(hst003, observed({ clock })).map(({ severity, subject, message }) => [severity, subject, message]);
}

describe("HST003", () => {
  it("finds that two clocks are apart, and blames neither", () => {
    expect(found({ ldap1: 7.4 })).toEqual([
      ["medium", "ldap1", "this machine's clock is 7 s ahead of that of ldap1, and one of the two is wrong"],
    ]);
    expect(found({ ldap1: -300 })).toEqual([
      ["high", "ldap1", "this machine's clock is 5 min behind that of ldap1, and one of the two is wrong"],
    ]);
  });

  it("finds that this machine is wrong where most servers say so", () => {
    expect(found({ ldap1: 75, ldap2: 74, ldap3: 76 })).toEqual([
      ["high", "this machine", "this machine's clock is 75 s ahead of those of most servers"],
    ]);
  });

  it("finds that one server is wrong where the others agree with this machine", () => {
    expect(found({ ldap1: 0.2, ldap2: 90, ldap3: -0.1 })).toEqual([
      ["high", "ldap2", "the clock of ldap2 is 90 s behind those of the others"],
    ]);
    // Of two servers one may well be wrong: this machine is with the other.
    expect(found({ ldap1: 0, ldap2: -20 })).toEqual([
      ["medium", "ldap2", "the clock of ldap2 is 20 s ahead of those of the others"],
    ]);
  });

  it("finds nothing within five seconds, nor where nobody tells the time", () => {
    expect(found({ ldap1: 5, ldap2: -5 })).toEqual([]);
    expect(found({ ldap1: 4.9 })).toEqual([]);
    expect(found({})).toEqual([]);
  });
});
