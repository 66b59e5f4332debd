/**
 * The webhook service: the variables of its `.env` start `espalier notify` as they are, which takes signed webhooks and those of
 * Particle's devices and sends mail. Beside them stand what this machine needs: ports, and where the mail server is.
 */
import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import {
  type ChildServer,
  createCertificateAuthority,
  freePort,
  type MailServer,
  requirePrograms,
  startMailServer,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { typedLines } from "../document-lines.ts";
import { Stopwatch } from "../stopwatch.ts";
import { environmentFile, shell, startEspalier } from "./old-files.ts";

const describe = requirePrograms({ openssl: "openssl" });

const variables = environmentFile("webhooks/.env");
const refused = { error: "the request has no valid credentials for this source" };

describe("the webhook service's .env", () => {
  const stopwatch = new Stopwatch("From the webhook service");
  const resources = new AsyncDisposableStack();
  let place: TemporaryDirectory;
  /** What this machine needs. */
  let here: Readonly<Record<string, string>>;
  let mail: MailServer;
  let service: ChildServer;
  let url: string;
  let metrics: string;

  beforeAll(async () => {
    place = resources.use(await temporaryDirectory("old-webhooks"));
    const authority = await createCertificateAuthority(place.path);
    const certificate = await authority.issue("mail", ["localhost", "127.0.0.1"]);
    const [user = "", password = ""] = [variables.SMTP_EMAIL, variables.SMTP_PASSWORD];
    mail = resources.use(await startMailServer({ certificate, user, password }));
    const [listen, metricsListen] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    url = `http://${listen}`;
    metrics = `http://${metricsListen}/metrics`;
    here = {
      ...{ NOTIFY_LISTEN: listen, METRICS_LISTEN: metricsListen, SMTP_HOST: "localhost", SMTP_PORT: String(mail.port) },
      NODE_EXTRA_CA_CERTS: authority.certificate,
    };
    service = resources.use(startEspalier(["notify"], { ...variables, ...here }, place));
    await stopwatch.time("the service starts", () =>
      service.ready(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true, 60_000),
    );
  });
  afterAll(async () => {
    await resources.disposeAsync();
    stopwatch.print();
  });

  async function post(source: string, body: string, headers: Readonly<Record<string, string>>) {
    const answer = await fetch(`${url}/hooks/${source}`, { method: "POST", body, headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }
  const signed = (body: string) => ({
    "Content-Type": "application/json",
    "X-Hub-Signature-256": `sha256=${createHmac("sha256", variables.WEBHOOK_SECRET ?? "")
      .update(body)
      .digest("hex")}`,
  });
  const device = { "User-Agent": "ParticleBot/1.1", "Content-Type": "application/x-www-form-urlencoded" };
  const bearer = { ...device, Authorization: `Bearer ${variables.PARTICLE_WEBHOOK_SECRET}` };
  const particle = (event: string, data: string, coreid = "e00fce68aabbccddeeff0011") =>
    new URLSearchParams({ event, data, coreid, published_at: new Date().toISOString() }).toString();
  const mailAbout = (text: string) =>
    until(`a mail about ${text}`, () => mail.mails.find((each) => each.text.includes(text)));
  const accepted = { status: 202, body: { id: expect.any(String), status: "accepted" } };

  /** What a variable or a part of the document is for, what is asked, and the answer. */
  const lines: readonly (readonly [line: string, does: string, ask: () => Promise<unknown>, answer: unknown])[] = [
    [
      "WEBHOOK_SECRET, SMTP_EMAIL, SMTP_PASSWORD, RECIPIENT_EMAIL",
      "a signed webhook becomes a mail from the one to the other",
      async () => {
        const body = JSON.stringify({ severity: "high", message: "the door of rack 7 is open" });
        const answer = await post("generic", body, signed(body));
        const { from, to } = await mailAbout("the door of rack 7 is open");
        return { ...answer, from, to };
      },
      { ...accepted, from: "alerts@meadow.example", to: ["admin@meadow.example"] },
    ],
    [
      "PARTICLE_WEBHOOK_SECRET",
      "a device's alarm becomes one",
      async () => {
        const answer = await post("particle", particle("breach_alarm", "switch 3 open"), bearer);
        const { subject } = await mailAbout("switch 3 open");
        return { ...answer, subject: subject.includes("particle.breach_alarm") };
      },
      { ...accepted, subject: true },
    ],
    [
      "FLASK_ENV, FLASK_SECRET_KEY",
      "mean nothing, and hinder nothing",
      async () => /FLASK|"level":"ERROR"/.test(service.log),
      false,
    ],
    [
      "healthcheck.path=/health",
      "is answered",
      async () => {
        const health = await fetch(`${url}/health`);
        return [health.status, ((await health.json()) as { status: string }).status];
      },
      [200, "healthy"],
    ],
    [
      "the middleware of security headers",
      "is not needed for them: every answer has them",
      async () => {
        const { headers } = await fetch(`${url}/health`);
        return ["x-content-type-options", "x-frame-options", "referrer-policy", "content-security-policy"].filter(
          (name) => !headers.has(name),
        );
      },
      [],
    ],
    [
      "/metrics",
      "has the five figures under their names, on a listener of its own and no longer for everybody",
      async () => {
        const text = await (await fetch(metrics)).text();
        const names = [
          ...["webhook_requests_total", "webhook_request_duration_seconds", "webhook_auth_failures_total"],
          ...["notification_delivery_total", "webhook_active_connections"],
        ];
        return [names.filter((name) => !text.includes(`# TYPE ${name} `)), (await fetch(`${url}/metrics`)).status];
      },
      [[], 404],
    ],
  ];
  it.each(lines)("%s: %s", async (_line, _does, ask, answer) => {
    expect(await ask()).toEqual(answer);
  });

  it("the page's `espalier notify test mail` sends one", async () => {
    const [, typed = []] = typedLines("replacing/webhook-service.md", "Step by step");
    const [read, start, test] = typed;
    expect([read, start]).toEqual(["set -a && . ./.env && set +a", "espalier notify"]);
    const quoted = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
    await writeFile(place.file(".env"), quoted.join(""));
    const count = mail.mails.length;
    expect(await shell([read!, test!], here, place)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(mail.mails.length).toBeGreaterThan(count);
  });

  it("no longer: who says to be Particle is asked for less", async () => {
    const body = JSON.stringify({ message: "let me in" });
    expect(await post("generic", body, { ...bearer, "Content-Type": "application/json" })).toEqual({
      status: 401,
      body: refused,
    });
    expect(await post("particle", body, signed(body))).toEqual({ status: 401, body: refused });
  });

  it("no longer: a device that sends more than 50 at once is refused, after which Particle drops its alarms", async () => {
    const coreid = "e00fce6800000000deadbeef";
    const answers = await stopwatch.time("60 events of a device at once", () =>
      Promise.all(
        Array.from({ length: 60 }, (_, number) =>
          post("particle", particle("battery", `${number} %`, coreid), bearer).then(({ status }) => status),
        ),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 60 }, () => 202));
  });
});
