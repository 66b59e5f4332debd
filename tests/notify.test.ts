/** `espalier notify` with what the environment of the systems before tells it, a real mail server, and real senders. */
import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import {
  type ChildServer,
  createCertificateAuthority,
  freePort,
  type MailServer,
  requirePrograms,
  runEspalier,
  startMailServer,
  succeed,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterEach, beforeEach, expect, it } from "vitest";

const describe = requirePrograms({ openssl: "openssl", curl: "curl" });

const secret = "It's a Secret to Everybody";
const particleSecret = "a-token-for-devices-only";

describe("with the environment of the document alone", () => {
  let directory: TemporaryDirectory;
  let mail: MailServer;
  let service: ChildServer;
  let url: string;
  let reports: string;

  beforeEach(async () => {
    directory = await temporaryDirectory("notify");
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("mail", ["localhost", "127.0.0.1"]);
    mail = await startMailServer({ certificate, user: "alerts@example.com", password: "app password" });
    const [port, metrics] = [await freePort(), await freePort()];
    service = runEspalier(
      ["notify"],
      {
        WEBHOOK_SECRET: secret,
        PARTICLE_WEBHOOK_SECRET: particleSecret,
        SMTP_EMAIL: "alerts@example.com",
        SMTP_PASSWORD: "app password",
        RECIPIENT_EMAIL: "admin@example.com",
        SMTP_HOST: "localhost",
        SMTP_PORT: String(mail.port),
        NOTIFY_LISTEN: `127.0.0.1:${port}`,
        METRICS_LISTEN: `127.0.0.1:${metrics}`,
        NODE_EXTRA_CA_CERTS: certificate.authority,
      },
      directory,
    );
    url = `http://127.0.0.1:${port}`;
    reports = `http://127.0.0.1:${metrics}`;
    await service.ready(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true, 60_000);
  });
  afterEach(async () => {
    await service[Symbol.asyncDispose]();
    await mail[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  /** What curl says: the status code, and the body. */
  async function curl(path: string, body: string, headers: Readonly<Record<string, string>>) {
    await writeFile(directory.file("body"), body);
    const options = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
    const stdout = await succeed("curl", [
      ...["-sS", "--data-binary", `@${directory.file("body")}`, "-w", "\n%{http_code}", ...options, `${url}${path}`],
    ]);
    const end = stdout.lastIndexOf("\n");
    return {
      statusCode: Number(stdout.slice(end + 1)),
      body: JSON.parse(stdout.slice(0, end)) as Record<string, unknown>,
    };
  }

  function signed(body: string, key = secret) {
    const signature = createHmac("sha256", key).update(body).digest("hex");
    return { "Content-Type": "application/json", "X-Hub-Signature-256": `sha256=${signature}` };
  }

  it("a signed webhook becomes a mail within a second, and the same again none", async () => {
    const body = JSON.stringify({ severity: "high", message: "the door of rack 7 is open" });
    const accepted = await curl("/hooks/generic", body, signed(body));
    const began = performance.now();
    await until("the mail", () => mail.mails.length === 1);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(accepted).toEqual({ statusCode: 202, body: { id: expect.any(String), status: "accepted" } });
    expect(mail.mails[0]).toMatchObject({ from: "alerts@example.com", to: ["admin@example.com"] });
    expect(mail.mails[0]?.text).toContain("the door of rack 7 is open");

    const again = await curl("/hooks/generic", body, signed(body));
    expect(again).toEqual({ statusCode: 200, body: { id: accepted.body.id, status: "duplicate" } });
    const other = JSON.stringify({ severity: "low", message: "closed" });
    await curl("/hooks/generic", other, signed(other));
    await until("the next mail", () => mail.mails.length === 2);
    expect(mail.mails[1]?.text).toContain("closed");
  });

  it("a wrong signature is 401 and no mail, and is kept for whoever looks", async () => {
    const body = JSON.stringify({ message: "let me in", password: "hunter2" });
    const refused = await curl("/hooks/generic", body, signed(body, "another secret"));
    const unsigned = await curl("/hooks/generic", body, {});
    expect(refused).toEqual({
      statusCode: 401,
      body: { error: "the request has no valid credentials for this source" },
    });
    expect(unsigned).toEqual(refused);
    const right = JSON.stringify({ message: "in order" });
    await curl("/hooks/generic", right, signed(right));
    await until("the mail", () => mail.mails.length === 1);
    expect(mail.mails[0]?.text).toContain("in order");

    const kept = await until("the rejections", async () => {
      const looked = runEspalier(["notify", "rejected", "--json"], {}, directory);
      await looked.exited();
      const lines = looked.log.split("\n").filter((line) => line !== "");
      return lines.length === 2 && lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    });
    expect(kept.map(({ reason, statusCode, source }) => ({ reason, statusCode, source }))).toEqual([
      { reason: "missing_credentials", statusCode: 401, source: "generic" },
      { reason: "wrong_credentials", statusCode: 401, source: "generic" },
    ]);
    expect(JSON.stringify(kept)).not.toContain("hunter2");
    expect(JSON.stringify(kept)).not.toContain("sha256=");
  });

  it("a Particle device's alarm becomes a mail, and every retry of it is 200", async () => {
    const form = new URLSearchParams({
      event: "breach_alarm",
      data: JSON.stringify({ switch: "open", severity: "critical" }),
      coreid: "e00fce68aabbccddeeff0011",
      published_at: new Date().toISOString(),
    }).toString();
    const headers = { Authorization: `Bearer ${particleSecret}`, "User-Agent": "ParticleBot/1.1" };
    const first = await curl("/hooks/particle", form, headers);
    const retry = await curl("/hooks/particle", form, headers);
    expect(first.statusCode).toBe(202);
    expect(retry).toEqual({ statusCode: 200, body: { id: first.body.id, status: "duplicate" } });
    await until("the mail", () => mail.mails.length === 1);
    expect(mail.mails[0]?.subject).toContain("particle.breach_alarm");
    expect(mail.mails[0]?.text).toContain("e00fce68aabbccddeeff0011");
  });

  it("the five metrics have their names and labels, beside the public listener and not on it", async () => {
    const body = JSON.stringify({ message: "counted" });
    await curl("/hooks/generic", body, signed(body));
    await curl("/hooks/generic", body, {});
    await until("the mail", () => mail.mails.length === 1);
    const text = await until("the delivery to be counted", async () => {
      const scraped = await (await fetch(`${reports}/metrics`)).text();
      return scraped.includes('notification_delivery_total{delivery_method="mail",status="success"} 1') && scraped;
    });
    for (const line of [
      'webhook_requests_total{method="POST",endpoint="generic",status_code="202",source_type="generic"} 1',
      'webhook_requests_total{method="POST",endpoint="generic",status_code="401",source_type="generic"} 1',
      'webhook_request_duration_seconds_count{endpoint="generic",source_type="generic"} 2',
      'webhook_request_duration_seconds_bucket{le="0.5",endpoint="generic",source_type="generic"} 2',
      'webhook_auth_failures_total{source_type="generic",failure_reason="missing_credentials"} 1',
      "webhook_active_connections ",
    ]) {
      expect(text).toContain(line);
    }
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  it("the canary arrives, and is told to nobody", async () => {
    await until("the canary", async () => {
      const text = await (await fetch(`${reports}/metrics`)).text();
      return text.includes('notification_canary_total{result="arrived"} 1');
    });
    expect(mail.mails).toEqual([]);
  });

  it("ends within its time when it is told to, with everything accepted on its way", async () => {
    const body = JSON.stringify({ message: "the last" });
    await curl("/hooks/generic", body, signed(body));
    expect(await service.terminate()).toBe(0);
    expect(mail.mails.length).toBeLessThanOrEqual(1);
  });
});
