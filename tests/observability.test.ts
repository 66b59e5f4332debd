/**
 * Gateway, proxy, manager with checks, and notification service under a real Prometheus with the rules, an Alertmanager with the
 * configuration, and the dashboards of `deploy/`. What is changed in those: addresses, secrets, and how long things take.
 */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { RequestOp } from "@espalier/ldap";
import {
  type ChildServer,
  createCertificateAuthority,
  espalierCommand,
  fillSqlite,
  freePort,
  type MailServer,
  type Population,
  type Prometheus,
  person,
  requirePrograms,
  runEspalier,
  type Sample,
  type ServerCertificate,
  ServiceReports,
  startAlertmanager,
  startGateway,
  startMailServer,
  startPrometheus,
  succeed,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
  Wire,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import type { Query } from "../deploy/grafana/dashboard.ts";
import { dashboards } from "../deploy/grafana/dashboards.ts";
import { type ManagedSite, startManagedSite } from "./observability/managed-site.ts";
import { deployed, isAlert, ruleFiles, rulesOf } from "./observability/shipped.ts";

const describe = requirePrograms({
  prometheus: "prometheus",
  "prometheus-alertmanager": "prometheus-alertmanager",
  openssl: "openssl",
  slapd: "slapd",
  ldapsearch: "ldap-utils",
});

const baseDn = "dc=example,dc=com";
const population: Population = {
  users: ["ann", "bob"].map((name, index) => person(name, 2001 + index)),
  groups: [{ name: "staff", gidNumber: 3001, members: ["ann", "bob"] }],
};
const webhookSecret = "a secret of the senders";
const alertmanagerToken = "the-token-that-Alertmanager-has";
const apiKey = "the-key-of-those-who-read-events";
const mailAccount = { user: "alerts@example.com", password: "app password" };
const backendName = "gateway";

/** A process of `espalier`, with a section of its own configuration file. */
interface Service extends AsyncDisposable {
  readonly process: ChildServer;
  readonly directory: TemporaryDirectory;
  /** host:port of its metrics. */
  readonly metrics: string;
}

async function startService(
  name: "proxy" | "notify",
  section: object,
  environment: Readonly<Record<string, string>> = {},
): Promise<Service> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory(name));
  // JSON is YAML too.
  await writeFile(directory.file("espalier.yaml"), JSON.stringify({ [name]: section }));
  const metrics = `127.0.0.1:${await freePort()}`;
  const process = cleanup.use(runEspalier([name], { METRICS_LISTEN: metrics, ...environment }, directory));
  const reports = new ServiceReports(`http://${metrics}`);
  await process.ready(() => reports.isReady(), 60_000);
  const resources = cleanup.move();
  return { process, directory, metrics, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

interface Site {
  readonly gatewayUrl: string;
  readonly proxyUrl: string;
  readonly notifyUrl: string;
  readonly proxy: Service;
  readonly notify: Service;
  readonly managed: ManagedSite;
  readonly mail: MailServer;
  readonly prometheus: Prometheus;
}

async function startSite(cleanup: AsyncDisposableStack): Promise<Site> {
  const directory = cleanup.use(await temporaryDirectory("observability"));
  const authority = await createCertificateAuthority(directory.path);
  const certificate = await authority.issue("mail", ["localhost", "127.0.0.1"]);
  const mail = cleanup.use(await startMailServer({ certificate, ...mailAccount }));
  const proxyUrl = `ldap://127.0.0.1:${await freePort()}`;
  const listen = `127.0.0.1:${await freePort()}`;
  const startFront = async () => {
    const gateway = cleanup.use(
      await startGateway({ environment: fillSqlite(directory.file("people.db"), population) }),
    );
    return [gateway, cleanup.use(await startService("proxy", proxySection(proxyUrl, gateway.url)))] as const;
  };
  const [[gateway, proxy], managed, notify, alertmanager] = await Promise.all([
    startFront(),
    startManagedSite(certificate, population).then((started) => cleanup.use(started)),
    startService("notify", notifySection(listen, mail.port), { NODE_EXTRA_CA_CERTS: certificate.authority }).then(
      (started) => cleanup.use(started),
    ),
    startAlertmanager(await alertmanagerConfiguration(directory, listen, mail.port, certificate)).then((started) =>
      cleanup.use(started),
    ),
  ]);
  const target = (service: string, address: string) => ({ job: "espalier", address, labels: { service } });
  const prometheus = cleanup.use(
    await startPrometheus({
      targets: [
        target("gateway", new URL(gateway.metricsUrl).host),
        target("proxy", proxy.metrics),
        target("up", managed.metrics),
        target("notify", notify.metrics),
        { job: "alertmanager", address: alertmanager.address },
      ],
      rules: ruleFiles.map((file) => hasty(readFileSync(deployed(file), "utf8"))),
      alertmanager: alertmanager.address,
    }),
  );
  return {
    gatewayUrl: gateway.url,
    proxyUrl,
    notifyUrl: `http://${listen}`,
    proxy,
    notify,
    managed,
    mail,
    prometheus,
  };
}

function proxySection(listen: string, backend: string): object {
  return {
    listen: [listen],
    // One at a time, so that others wait.
    upstream: { maxPending: 1 },
    tiers: [{ backends: [{ name: backendName, url: backend }] }],
    firewall: [{ deny: ["compare"] }],
  };
}

function notifySection(listen: string, mailPort: number): object {
  return {
    listen,
    publicUrl: `http://${listen}`,
    apiKeys: [apiKey],
    canary: "1s",
    sources: {
      generic: { secrets: [webhookSecret], limit: { burst: 3 }, expectEvery: "1h" },
      alertmanager: { secrets: [alertmanagerToken] },
    },
    channels: {
      mail: { host: "localhost", port: mailPort, ...mailAccount, to: ["admin@example.com"] },
    },
    approvals: {},
  };
}

/** The one of `deploy/`, at this site, where nobody waits for others that may belong to it. */
async function alertmanagerConfiguration(
  directory: TemporaryDirectory,
  notify: string,
  mailPort: number,
  { authority }: ServerCertificate,
): Promise<object> {
  const file = { token: directory.file("espalier-token"), password: directory.file("smtp-password") };
  await writeFile(file.token, alertmanagerToken);
  await writeFile(file.password, mailAccount.password);
  const { global, route, receivers, ...rest } = parse(readFileSync(deployed("alertmanager/alertmanager.yml"), "utf8"));
  const [{ webhook_configs: webhooks }, { email_configs: mails }] = receivers;
  webhooks[0].url = webhooks[0].url.replace("127.0.0.1:5000", notify);
  webhooks[0].http_config.authorization.credentials_file = file.token;
  mails[0].tls_config = { ca_file: authority };
  global.smtp_smarthost = `localhost:${mailPort}`;
  global.smtp_auth_username = mailAccount.user;
  global.smtp_auth_password_file = file.password;
  for (const each of [route, ...route.routes]) Object.assign(each, { group_wait: "1s", group_interval: "1s" });
  return { global, route, receivers, ...rest };
}

/** The rules as they are, but evaluated every second, and not waited for. */
function hasty(rules: string): string {
  return rules.replaceAll(/interval: 2m/g, "interval: 1s").replaceAll(/for: \w+/g, "for: 1s");
}

/** Sends requests without waiting for their answers, and then for those. */
async function ask(url: string, requests: readonly RequestOp[]): Promise<void> {
  using wire = await Wire.connect(url);
  await Promise.all(requests.map((each) => wire.request(each)));
}

function search(baseObject: string): RequestOp {
  return {
    type: "searchRequest",
    baseObject,
    scope: "wholeSubtree",
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    filter: { type: "present", attribute: "objectClass" },
    attributes: [],
  };
}

function compare(user: string): RequestOp {
  return {
    type: "compareRequest",
    entry: `uid=${user},${baseDn}`,
    attribute: "uid",
    value: Buffer.from(user),
  };
}

function bind(user: string, password: string): RequestOp {
  return {
    type: "bindRequest",
    version: 3,
    name: `uid=${user},${baseDn}`,
    authentication: { type: "simple", password: Buffer.from(password) },
  };
}

/** People search, compare, and log in, some with a wrong password. */
async function useDirectory({ gatewayUrl, proxyUrl }: Site): Promise<void> {
  for (const url of [gatewayUrl, proxyUrl]) {
    await ask(
      url,
      Array.from({ length: 20 }, () => search(baseDn)),
    );
    await ask(url, [compare("ann")]);
    await ask(url, [bind("ann", "pw-ann")]);
    await ask(url, [bind("bob", "mistyped")]);
  }
}

/** Resolves to the status code. @param from a loopback address: those who guess are held back by theirs */
function post(site: Site, body: string, signature: string, from: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
  const options = { method: "POST", headers, localAddress: from };
  const sent = request(`${site.notifyUrl}/hooks/generic`, options, (response) => {
    response.resume().on("end", () => resolve(response.statusCode ?? 0));
  });
  sent.on("error", reject).end(body);
  return promise;
}

function signatureOf(body: string): string {
  return `sha256=${createHmac("sha256", webhookSecret).update(body).digest("hex")}`;
}

/** Senders post what is right, the same again, and what is wrong. */
async function sendWebhooks(site: Site, message: string): Promise<void> {
  const body = JSON.stringify({ severity: "info", message });
  expect(await post(site, body, signatureOf(body), "127.0.0.1")).toBe(202);
  expect(await post(site, body, signatureOf(body), "127.0.0.1")).toBe(200);
  // 429 when that was too often.
  expect([401, 429]).toContain(await post(site, body, signatureOf("another"), "127.0.0.2"));
}

/** Somebody uses all of it, all the time: a rate is made of what is counted between scrapes. */
class Users implements AsyncDisposable {
  readonly #work: Promise<void>;
  #isOver = false;
  #failure: Error | undefined;

  constructor(site: Site) {
    this.#work = this.#use(site).catch((error: Error) => {
      this.#failure = error;
    });
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** @throws what ended the use of it: whatever is not there is missing because of that */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#work;
    this.check();
  }

  async #use(site: Site): Promise<void> {
    for (let round = 1; !this.#isOver; round += 1) {
      await useDirectory(site);
      await sendWebhooks(site, `round ${round}`);
      await site.managed.use(round);
      await delay(250);
    }
  }
}

/** Somebody wants in, and says yes by the link in the mail. */
async function approve({ notifyUrl, mail }: Site, username: string): Promise<void> {
  const before = mail.mails.length;
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const asked = await fetch(`${notifyUrl}/approvals`, {
    method: "POST",
    headers,
    body: JSON.stringify({ username }),
  });
  expect(asked.status).toBe(201);
  const link = await until("the mail with the link", () =>
    mail.mails
      .slice(before)
      .flatMap(({ text }) => decoded(text).match(/http:\S+\/decide\?[^\s"<]+/) ?? [])
      .at(0),
  );
  const body = JSON.stringify({ decision: "approve" });
  const decided = await fetch(link, { method: "POST", headers: { "content-type": "application/json" }, body });
  expect(decided.status).toBe(200);
}

/** Quoted-printable (RFC 2045 §6.7) of ASCII. */
function decoded(text: string): string {
  return text
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** What there is only when something is out of order, by the legend of its query. */
const seldom = new Set(["in the log only: {{reason}}", "{{code}}", "refused: {{reason}}"]);

function hasData(samples: readonly Sample[]): boolean {
  return samples.some(({ value }) => !Number.isNaN(value));
}

describe("with Prometheus and Alertmanager", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let users: Users;

  beforeAll(async () => {
    site = await startSite(cleanup);
    users = new Users(site);
    await approve(site, "ann");
    // What was counted once, before the first scrape, has not grown.
    await until("Prometheus to have seen that", async () =>
      hasData(await site.prometheus.query("approval_wait_seconds_count > 0")),
    );
    await approve(site, "bob");
  });
  afterAll(() => cleanup.disposeAsync());

  it("every rule is evaluated without an error", async () => {
    const names = ruleFiles.flatMap((file) => rulesOf(file).map((rule) => (isAlert(rule) ? rule.alert : rule.record)));
    await until("every rule to be evaluated", async () =>
      (await site.prometheus.rules()).every(({ health }) => health !== "unknown"),
    );
    const evaluated = await site.prometheus.rules();
    expect(evaluated.filter(({ health }) => health !== "ok")).toEqual([]);
    expect(evaluated.map(({ name }) => name).sort()).toEqual(names.sort());
  });

  it.each(dashboards.map((dashboard) => [dashboard.file, dashboard.sections] as const))(
    "every panel of %s has data",
    async (_, sections) => {
      const queries = sections.flatMap(({ title, panels }) =>
        panels.flatMap((panel) => panel.queries.map((query) => ({ ...query, name: `${title}, ${panel.title}` }))),
      );
      const lacking = async () => {
        const found = await Promise.all(
          queries.map(async ({ name, legend, expr }) => {
            const samples = await site.prometheus.query(asGrafanaAsks(expr));
            return hasData(samples) || seldom.has(legend) ? [] : [`${name}: ${legend}`];
          }),
        );
        return found.flat();
      };
      await until("data for all of it", async () => users.hasFailed || (await lacking()).length === 0, {
        timeoutMs: 20_000,
        intervalMs: 500,
      }).catch(() => undefined);
      users.check();
      expect(await lacking()).toEqual([]);
    },
    60_000,
  );

  it("wrong credentials are an alert", async () => {
    await until("the alert", async () =>
      hasData(await site.prometheus.query('ALERTS{alertname="AuthenticationFailures",alertstate="firing"}')),
    );
    await users[Symbol.asyncDispose]();
  });

  it("an alert becomes an event and a mail, and so does its end", async () => {
    await control("maint", backendName);
    await until("the mail", () => mailsAbout("has no backend left").length === 1, { timeoutMs: 30_000 });
    await control("ready", backendName);
    await until("the mail that it is over", () => mailsAbout("has no backend left").length === 2, {
      timeoutMs: 30_000,
    });

    const events = (await eventsOf("NoBackend")).map(({ type, severity, source }) => ({ type, severity, source }));
    expect(events).toEqual([
      { type: "alert.firing", severity: "critical", source: "hooks/alertmanager" },
      { type: "alert.resolved", severity: "info", source: "hooks/alertmanager" },
    ]);
    expect(mailsAbout("has no backend left").map(({ from, to }) => ({ from, to }))).toEqual(
      [1, 2].map(() => ({ from: mailAccount.user, to: ["admin@example.com"] })),
    );
    expect(mailsAbout("has no backend left")[0]?.text).toContain("has no backend left");
  }, 60_000);

  it("that nobody is told any more is told by Alertmanager itself", async () => {
    await site.notify.process.kill();
    const mail = await until(
      "the mail",
      () =>
        site.mail.mails.find(
          ({ from, subject }) => from === "alertmanager@example.com" && /WebhookServiceDown/.test(subject),
        ),
      { timeoutMs: 60_000 },
    );
    expect(mail.subject).toBe("[firing] WebhookServiceDown");
    expect(decoded(mail.text)).toContain(`The notification service ${site.notify.metrics} is down`);
  });

  async function control(...words: string[]): Promise<void> {
    const { path } = site.proxy.directory;
    await succeed(process.execPath, [espalierCommand, "proxy", ...words], { workingDirectory: path });
  }

  function mailsAbout(summary: string) {
    return site.mail.mails.filter(({ from, subject }) => from === mailAccount.user && subject.includes(summary));
  }

  async function eventsOf(alert: string) {
    const headers = { authorization: `Bearer ${apiKey}` };
    const response = await fetch(`${site.notifyUrl}/events?type=alert.*&order=oldest`, { headers });
    const { events } = (await response.json()) as {
      readonly events: readonly {
        readonly type: string;
        readonly severity: string;
        readonly source: string;
        readonly subject: string;
      }[];
    };
    return events.filter(({ subject }) => subject.includes(alert));
  }
});

/** With its variables filled in: all instances, and an interval of four scrapes or more. */
function asGrafanaAsks(expression: Query["expr"]): string {
  return expression.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*");
}
