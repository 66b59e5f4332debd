/**
 * A certificate with six days left, as whoever answers for logins hears of it: in the command, in `/health`, as a metric, as an
 * event, by mail, and in the browser; and when it is renewed, that it was.
 */
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { AxeResults, RunOnly } from "axe-core";
import { chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { signIn } from "./browser/screens.ts";
import {
  type CertificateAuthority,
  type ChildServer,
  createCertificateAuthority,
  freePort,
  type MailServer,
  ManagerClient,
  programPath,
  requirePrograms,
  runEspalier,
  type ServerCertificate,
  ServiceReports,
  type Slapd,
  startMailServer,
  startSlapd,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "./lab/index.ts";

const describe = requirePrograms({
  ...{ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl", chromium: "chromium" },
});
const base = "dc=example,dc=com";
const ldif = [
  `dn: ${base}\nobjectClass: domain\ndc: example\n`,
  `dn: uid=vera,${base}\nobjectClass: inetOrgPerson\nuid: vera\ncn: Vera\nsn: Viewer\nuserPassword: seen-by-nobody\n`,
].join("\n");
const timeoutMs = 20_000;
const wcag = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

interface Event {
  readonly type: string;
  readonly severity: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, string>>;
}

interface FindingsAnswer {
  readonly state: string;
  readonly findings: readonly Readonly<Record<string, unknown>>[];
}

interface HealthAnswer {
  readonly status: string;
  readonly checks: { readonly checks: { readonly findings: readonly { readonly rule: string }[] } };
}

describe("a certificate with six days left", () => {
  const resources = new AsyncDisposableStack();
  let directory: TemporaryDirectory;
  let authority: CertificateAuthority;
  let certificate: ServerCertificate;
  let slapd: Slapd;
  let mail: MailServer;
  let up: ChildServer;
  let reports: ServiceReports;
  let managerUrl: string;
  let ldaps: string;
  /** Of the finding. */
  let message: string;

  beforeAll(async () => {
    directory = resources.use(await temporaryDirectory("live-findings"));
    authority = await createCertificateAuthority(directory.path);
    certificate = await authority.issue("ldap1", ["localhost", "127.0.0.1"], 7);
    slapd = resources.use(await startSlapd({ ldif, certificate }));
    const mailCertificate = await authority.issue("mail", ["localhost"]);
    mail = resources.use(await startMailServer({ certificate: mailCertificate, user: "a@example.com", password: "p" }));
    const [manager, notify, metrics] = [await freePort(), await freePort(), await freePort()];
    await writeFile(directory.file("espalier.yaml"), stringify(configuration({ manager, notify, metrics })));
    managerUrl = `http://127.0.0.1:${manager}`;
    reports = new ServiceReports(`http://127.0.0.1:${metrics}`);
    ldaps = `ldaps://localhost:${slapd.ldapsPort}`;
    const environment = { NODE_EXTRA_CA_CERTS: authority.certificate };
    up = resources.use(runEspalier(["up"], environment, directory));
    await up.ready(() => reports.isReady(), 60_000);
    // slapd sends its authority as well.
    message = `certificate 1 of 2, CN=localhost (${ldaps}), expires in 6 days, on ${day(7)}`;
  });
  afterAll(() => resources.disposeAsync());

  function configuration(ports: { readonly manager: number; readonly notify: number; readonly metrics: number }) {
    return {
      clusters: [
        {
          ...{ name: "people", base_dn: base, bind_dn: slapd.rootDn, bind_password: slapd.rootPassword },
          nodes: [{ host: "localhost", port: slapd.ldapsPort, name: "ldap1" }],
          tls: { mode: "ldaps", ca_file: authority.certificate },
        },
      ],
      manager: { listen: `127.0.0.1:${ports.manager}` },
      notify: {
        listen: `127.0.0.1:${ports.notify}`,
        channels: {
          mail: {
            ...{ host: "localhost", port: mail.port, user: "a@example.com", password: "p", to: ["admin@example.com"] },
          },
        },
        routes: [{ name: "certificates", match: { type: "finding.*", subject: "ldaps://*" }, channels: ["mail"] }],
      },
      check: {
        ...{ interval: "10s", profile: "lab" },
        // A machine of tests may be as full as it likes.
        suppressions: [{ rule: "HST002", reason: "The disk is the test machine's own." }],
      },
      metrics: { listen: `127.0.0.1:${ports.metrics}` },
    };
  }

  const command = async (...parameters: string[]) => {
    const ran = runEspalier(parameters, {}, directory);
    const exitCode = await ran.exited();
    return { exitCode, log: ran.log };
  };
  const health = async () => (await reports.health()) as HealthAnswer;
  const findingMetrics = async () =>
    (await (await fetch(`${reports.url}/metrics`)).text())
      .split("\n")
      .filter((line) => /^espalier_check_findings/.test(line));
  const events = async (type: string) => {
    const { log } = await command("events", "list", "--type", type, "--json", "--oldest-first");
    return log.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Event]));
  };
  const administrator = () =>
    ManagerClient.signIn(managerUrl, { cluster: "people", name: slapd.rootDn, password: slapd.rootPassword });

  it("is in /health, which is degraded and not unhealthy", async () => {
    const report = await until(
      "the first look",
      async () => {
        const answer = await health();
        return answer.checks.checks.findings?.length > 0 ? answer : undefined;
      },
      { timeoutMs },
    );
    expect(report.status).toBe("degraded");
    expect(report.checks.checks).toMatchObject({
      status: "degraded",
      findings: [{ rule: "TLS003", severity: "high", subject: ldaps, message }],
    });
    expect((await fetch(`${reports.url}/health`)).status).toBe(200);
  });

  it("is a metric", async () => {
    expect(await findingMetrics()).toEqual([
      `espalier_check_findings{rule="TLS003",severity="high",subject="${ldaps}"} 1`,
    ]);
    expect(await reports.metric("espalier_check_interval_seconds")).toBe(10);
  });

  it("is one event", async () => {
    const [raised, ...others] = await until("the event", async () => {
      const found = await events("finding.raised");
      return found.length > 0 ? found : undefined;
    });
    expect(others).toEqual([]);
    expect(raised).toMatchObject({ type: "finding.raised", severity: "high", subject: ldaps });
    expect(raised?.data).toMatchObject({ rule: "TLS003", message, summary: `TLS003 ${message}` });
    expect(raised?.data.fix).toContain("sign a new one");
  });

  it("is a mail that can be read", async () => {
    const sent = await until("the mail", () => mail.mails[0]);
    const text = unfolded(sent.text);
    expect(text).toContain(`[high] TLS003 ${message}`);
    expect(text).toContain("rule: TLS003");
    expect(text).toMatch(/fix: Let CN=Espalier test authority sign a new one/);
    expect(mail.mails).toHaveLength(1);
  });

  it("is what the command says", async () => {
    const { exitCode, log } = await command("check", "--live", "--profile", "lab", "--format", "json");
    const start = log.indexOf("{");
    const { findings } = JSON.parse(log.slice(start)) as { findings: readonly Readonly<Record<string, unknown>>[] };
    const live = findings.filter(({ rule, subject }) => rule === "TLS003" && subject === ldaps);
    expect(live).toMatchObject([{ rule: "TLS003", severity: "high", message }]);
    expect(exitCode).toBe(1);
  });

  it("is in the API, for administrators, who may also look now", async () => {
    const client = await administrator();
    const expected = {
      state: "known",
      findings: [{ rule: "TLS003", severity: "high", subject: ldaps, message, isStale: false }],
    };
    const answer = await client.get<FindingsAnswer>("GET /api/v1/findings");
    expect({ ...answer, findings: answer.findings.filter(({ suppressed }) => suppressed === undefined) }).toMatchObject(
      expected,
    );
    expect(answer.findings[0]?.explanation).toMatch(/expires/);
    const looked = await client.get<FindingsAnswer>("POST /api/v1/findings/check-now", { body: {} });
    expect(looked.state).toBe("known");
    const viewer = await ManagerClient.signIn(managerUrl, {
      ...{ cluster: "people", name: `uid=vera,${base}`, password: "seen-by-nobody" },
    });
    expect((await viewer.ask("GET /api/v1/findings")).status).toBe(403);
  });

  it("is on the page, with what to do, in light and dark, on a screen of any width", { timeout: 90_000 }, async () => {
    await using browser = await chromium.launch({ executablePath: programPath("chromium"), args: ["--no-sandbox"] });
    const complaints: string[] = [];
    const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" });
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: managerUrl });
    context.setDefaultTimeout(timeoutMs);
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (text) => {
      if (["error", "warning"].includes(text.type()) && !/status of 4\d\d/.test(text.text()))
        complaints.push(text.text());
    });
    await page.goto(managerUrl);
    await signIn(page, slapd.rootDn, slapd.rootPassword);
    const card = page.getByRole("region", { name: "Findings" });
    await card.getByText("1 high").waitFor();
    await card.getByRole("link", { name: "Findings" }).click();
    await page.getByRole("heading", { level: 1, name: "Findings" }).waitFor();
    await page.getByRole("button", { name: /TLS003/ }).click();
    await page.getByRole("heading", { name: "Why it matters" }).waitFor();
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toContain("sign a new one");
    expect(new URL(page.url()).searchParams.get("id")).toMatch(/^[0-9a-f]{32}$/);
    await page.getByRole("button", { name: "Look now" }).click();
    await page
      .getByText(/Last look/)
      .first()
      .waitFor();
    const axe = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1_280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
        expect(await violations(page, axe), `${colorScheme}, ${width} px`).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      }
    }
    expect(complaints).toEqual([]);
  });

  it("is over in all of them once it is renewed", async () => {
    const renewed = await authority.issue("renewed", ["localhost", "127.0.0.1"], 60);
    await copyFile(renewed.certificate, certificate.certificate);
    await copyFile(renewed.privateKey, certificate.privateKey);
    await slapd.restart();
    const client = await until("the manager to have found its server again", administrator);
    await client.get("POST /api/v1/findings/check-now", { body: {} });
    await until("health", async () => (await health()).checks.checks.findings.length === 0);
    expect(await findingMetrics()).toEqual([]);
    expect((await events("finding.*")).filter(({ subject }) => subject === ldaps).map(({ type }) => type)).toEqual([
      "finding.raised",
      "finding.resolved",
    ]);
    const over = await until("the mail", () => mail.mails[1]);
    expect(unfolded(over.text)).toContain("[resolved] TLS003");
    const { state, findings } = await client.get<FindingsAnswer>("GET /api/v1/findings");
    expect([state, findings.filter(({ suppressed }) => suppressed === undefined)]).toEqual(["known", []]);
  });
});

function day(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** Quoted-printable and folded headers, as people read them. */
function unfolded(text: string): string {
  return text
    .replaceAll(/=\r?\n/g, "")
    .replaceAll(/\r?\n[ \t]+/g, " ")
    .replaceAll("=3D", "=");
}

/** Evaluated over the browser's own protocol, which is not subject to the page's policy. */
async function violations(page: Page, axe: string): Promise<readonly string[]> {
  await page.evaluate(`${axe}; undefined`);
  await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
  const runOnly: RunOnly = { type: "tag", values: wcag };
  const { violations: found } = (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ["violations"] })`,
  )) as AxeResults;
  return found.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} ${String(target)}`));
}
