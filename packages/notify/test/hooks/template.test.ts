import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Template, templateProblem } from "../../src/hooks/template.ts";

describe("a template of an event", () => {
  it("takes values of the payload by their path, and otherwise its fallback", () => {
    const payload = { coreid: "e00f", data: { level: 3.7, ok: false }, alerts: [{ host: "ldap1" }], empty: "" };
    expect(new Template("{{coreid}}: {{ data.level }} {{data.ok}} {{alerts.0.host}}").fill(payload)).toBe(
      "e00f: 3.7 false ldap1",
    );
    expect(new Template("{{nothing}}|{{empty|none}}|{{data|no text}}|{{alerts.7.host|?}}").fill(payload)).toBe(
      "|none|no text|?",
    );
  });

  it("reaches nothing that the payload does not have of its own", () => {
    expect(new Template("{{constructor.name|safe}} {{__proto__.x|safe}} {{length|safe}}").fill({})).toBe(
      "safe safe safe",
    );
    expect(new Template("{{a.toString|safe}}").fill({ a: "text" })).toBe("safe");
  });

  it("is refused when its braces are none", () => {
    expect(templateProblem("device {{coreid}} {{severity|medium}}")).toBeUndefined();
    for (const text of ["{{coreid", "coreid}}", "{{a b}}", "{{}}", "{{a|{b}}}"]) {
      expect(templateProblem(text)).toMatch(/braces/);
    }
  });

  it("puts in what a stranger chose as it is, also what looks like a template", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        expect(new Template("<{{a}}>").fill({ a: value })).toBe(`<${value}>`);
      }),
    );
  });
});
