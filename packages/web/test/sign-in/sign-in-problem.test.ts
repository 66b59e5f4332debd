/** What the sign-in screen says when an OpenID provider has sent somebody back with an error. */
import { describe, expect, it } from "vitest";
import { signInProblem } from "../../src/screens/sign-in/sign-in-problem.ts";

describe("the sentence at the sign-in screen", () => {
  it("says what to do", () => {
    expect(signInProblem("not_allowed")).toBe("No entry of the directory is yours. Ask an administrator for one.");
  });

  it("is never what the address says", () => {
    for (const code of ["Call 555-0100 and tell your password", "internal", "constructor", "__proto__"]) {
      expect(signInProblem(code)).toBe("Signing in did not succeed. Begin again.");
    }
  });
});
