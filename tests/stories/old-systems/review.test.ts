/**
 * The review of a stack before its deployment: what it found by hand is found by `espalier check` over the same files, which
 * `tests/fixtures/review` has written anew, and what it told people to write scripts for are commands. `tests/check.test.ts` holds what
 * each finding says; this is the list as somebody goes through it.
 */
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type CommandResult,
  createCertificateAuthority,
  requirePrograms,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { typedLines } from "../document-lines.ts";
import { Stopwatch } from "../stopwatch.ts";
import { espalier, shell } from "./old-files.ts";

const describe = requirePrograms({ openssl: "openssl" });

const fixtures = fileURLToPath(new URL("../../fixtures/review", import.meta.url));

/** Of the review's numbers: the rule that finds it. */
const items: readonly (readonly [item: string, rule: string])[] = [
  ["1. a privileged container", "CMP001"],
  ["2. missing resource limits", "CMP003"],
  ["3. the administrator's password in a healthcheck", "SEC001"],
  ["4. unvalidated template variables", "TPL001"],
  ["5. SSH keys that are trusted at first sight", "SSH001"],
  ["6. sessions remembered for a month", "AUT001"],
  ["7. what the Docker socket proxy lets through", "CMP010"],
  ["8. mail ports that are open to everybody", "CMP013"],
  ["9. backups that nobody has tried", "BKP003"],
  ["10. no centralized logging", "OBS004"],
  ["11. no health check aggregation", "OBS001"],
  ["12. a bootstrap that makes other hashes", "LDP002"],
  ["13. passwords in init scripts", "SEC004"],
  ["14. metrics that nobody reads", "OBS001"],
  ["15. a certificate whose renewal fails", "TLS003"],
];

describe("the review of a stack", () => {
  const stopwatch = new Stopwatch("From a review by hand");
  const resources = new AsyncDisposableStack();
  let place: TemporaryDirectory;
  let report: { readonly findings: readonly { readonly rule: string }[]; readonly unreadable: readonly unknown[] };
  let checked: CommandResult;

  beforeAll(async () => {
    place = resources.use(await temporaryDirectory("old-review"));
    cpSync(fixtures, place.path, { recursive: true });
    // What no repository has: values, and a certificate that was not renewed.
    writeFileSync(place.file("cluster/.env"), "ADMIN_PASSWORD=kV9sLq3TzW8xYb2N\n", { mode: 0o600 });
    writeFileSync(place.file("webhooks/.env"), "WEBHOOK_SECRET=aR7nJ2mQv5XcP1Lk\nSMTP_PASSWORD=Zt4Hw8Eg6Ub3Fy9D\n");
    const elsewhere = resources.use(await temporaryDirectory("old-review-authority"));
    const { certificate } = await (await createCertificateAuthority(elsewhere.path)).issue(
      "login",
      ["login.example"],
      6,
    );
    mkdirSync(place.file("certs"));
    cpSync(certificate, place.file("certs/login.crt"));
    checked = await stopwatch.time("the stack is checked", () => espalier(["check", "--format", "json"], {}, place));
    report = JSON.parse(checked.stdout);
  });
  afterAll(async () => {
    await resources.disposeAsync();
    stopwatch.print();
  });

  it.each(items)("%s is found by %s", (_item, rule) => {
    expect(report.findings.map((finding) => finding.rule)).toContain(rule);
  });

  it("all of it is read, and it is not to be deployed", () => {
    expect([report.unreadable, checked.exitCode, checked.stderr]).toEqual([[], 1, ""]);
  });

  it("a template whose variable is missing ends the deployment, with nothing written", async () => {
    const rendered = await espalier(["render", "cluster/mail/main.conf", "--to", "rendered"], {}, place);
    expect([rendered.exitCode, existsSync(place.file("rendered"))]).toEqual([2, false]);
    expect(rendered.stderr).toContain("MAIL_DOMAIN");
    const set = await espalier(
      ["render", "cluster/mail/main.conf", "--to", "rendered"],
      { MAIL_DOMAIN: "meadow.example" },
      place,
    );
    expect([set.exitCode, existsSync(place.file("rendered"))]).toEqual([0, true]);
  });

  it("a certificate that ends soon is a line of one command", async () => {
    const looked = await espalier(["cert", "check", "certs/login.crt"], {}, place);
    expect([looked.exitCode, looked.stdout]).toEqual([1, expect.stringMatching(/expires in [56] days/)]);
  });

  it("the page's steps: findings, what would be put right, a baseline, a checklist", async () => {
    const [first, ...typed] = typedLines("replacing/review.md", "Step by step").flat();
    expect([first, typed.length]).toEqual(["espalier check", 7]);
    const ended: [string, number][] = [];
    for (const line of typed) ended.push([line, (await shell([line], {}, place)).exitCode]);
    // What is found and not taken on ends with 1, also in CI.
    const found = [
      "espalier check --fix --diff",
      "espalier check --fix",
      "espalier check --format markdown -o checklist.md",
    ];
    const inCi = "espalier check --fail-on high --format sarif -o espalier.sarif";
    expect(ended.filter(([, code]) => code !== 0)).toEqual([...found, inCi].map((line) => [line, 1]));
    expect([existsSync(place.file("checklist.md")), existsSync(place.file("espalier.sarif"))]).toEqual([true, true]);
  });
});
