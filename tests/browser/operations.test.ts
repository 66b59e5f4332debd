/**
 * What is told to whom, and what is promised, in the browser: `espalier up` over a slapd that goes away and comes back, with a
 * channel that refuses, a login that waits, and a Prometheus with a month of figures.
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  freePort,
  type Manager,
  type Prometheus,
  programPath,
  requirePrograms,
  type Slapd,
  startManager,
  startSlapd,
  startSloPrometheus,
  until,
} from "../lab/index.ts";
import { complaintsOf, fitsPhone, violations } from "./accessibility.ts";
import { pagePrograms } from "./page-site.ts";
import { signIn } from "./screens.ts";

const describe = requirePrograms({ ...pagePrograms, prometheus: "prometheus", promtool: "prometheus" });
const base = "dc=example,dc=com";
const apiKey = "a key of twenty characters or more";

describe("notifications and promises in the browser", () => {
  const resources = new AsyncDisposableStack();
  let manager: Manager;
  let page: Page;
  let notifyPort: number;
  let slapd: Slapd;
  let prometheus: Prometheus;
  const complaints: string[] = [];
  const sink = { status: 400, received: 0, links: [] as string[] };

  beforeAll(async () => {
    const server = createServer(async (request, response) => {
      const message = Buffer.concat(await request.toArray()).toString();
      sink.links.push(...(message.match(/http\S+\/acknowledge\?\S+/g) ?? []));
      sink.received += 1;
      response.writeHead(sink.status).end(sink.status === 200 ? "" : "this room does not exist");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    resources.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
    slapd = resources.use(
      await startSlapd({
        ldif: `dn: ${base}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n`,
      }),
    );
    prometheus = resources.use(await startSloPrometheus());
    notifyPort = await freePort();
    manager = resources.use(
      await startManager({
        command: "up",
        configuration: {
          clusters: [
            {
              name: "production",
              nodes: [{ host: "127.0.0.1", port: slapd.port, name: "ldap1" }],
              base_dn: base,
              bind_dn: slapd.rootDn,
              roles: [{ role: "admin", users: [slapd.rootDn] }],
            },
          ],
          manager: { prometheus: { url: prometheus.url } },
          notify: {
            listen: `127.0.0.1:${notifyPort}`,
            publicUrl: `http://127.0.0.1:${notifyPort}`,
            canary: "off",
            deliveries: { retries: ["0s"] },
            approvals: { keys: [apiKey], expireAfter: "10m" },
            channels: {
              room: {
                kind: "http",
                url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
                text: "{{title}}\n{{actions}}",
              },
            },
            routes: [
              {
                name: "servers",
                match: { type: "node.*" },
                channels: ["room"],
                escalate: [{ after: "1h", channels: ["room"] }],
              },
              { name: "sign-ins", match: { type: "session.*" }, channels: ["room"] },
              { name: "logins", match: { type: "approval.*" }, channels: ["room"] },
            ],
            outbound: { allow: ["127.0.0.0/8"] },
          },
        },
      }),
    );
    const browser: Browser = await chromium.launch({
      executablePath: programPath("chromium"),
      args: ["--no-sandbox"],
    });
    resources.defer(() => browser.close());
    page = await (await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" })).newPage();
    page.setDefaultTimeout(20_000);
    complaintsOf(page, complaints);
    await page.goto(manager.url);
    await signIn(page, slapd.rootDn, slapd.rootPassword);
    await until("the message of that to be refused", () => sink.received > 0);
    await page.reload();
  });
  afterAll(() => resources.disposeAsync());

  it("home says that a message was given up, and leads to it", async () => {
    await page.getByRole("link", { name: "1 message was given up" }).click();
    await page.getByRole("heading", { level: 1, name: "Notifications" }).waitFor();
    await page.getByRole("row", { name: /^given up room/ }).waitFor();
  });

  it("a message that was given up says what it tells of and why it did not arrive, and is sent again", async () => {
    await page.getByRole("button", { name: "1 event (info)" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Somebody signed in").or(dialog.getByText("session.opened")).first().waitFor();
    await dialog.getByText(/400/).first().waitFor();
    sink.status = 200;
    await dialog.getByRole("button", { name: "Send it again" }).click();
    await dialog.getByText("arrived").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  });

  it("a channel is tried with a test message, and says what the other side answered", async () => {
    await page.goto(`${manager.url}/notifications?tab=channels`);
    const channel = page.getByRole("region", { name: "Channel room" });
    await channel.getByText("works").waitFor();
    const before = sink.received;
    await channel.getByRole("button", { name: "Send a test message" }).click();
    await channel.getByRole("status").getByText("The test message was taken").waitFor();
    expect(sink.received).toBe(before + 1);
    sink.status = 404;
    await channel.getByRole("button", { name: "Send a test message" }).click();
    await channel
      .getByRole("status")
      .getByText(/was not taken: .*404/)
      .waitFor();
  });

  it("the routes say who is told of what", async () => {
    await page.getByRole("tab", { name: "Who is told of what" }).click();
    await page.getByRole("row", { name: /^sign-ins session\.\* room/ }).waitFor();
  });

  it("a webhook that is refused is shown with the reason", async () => {
    const answer = await fetch(`http://127.0.0.1:${notifyPort}/hooks/nobody`, { method: "POST", body: "{}" });
    expect(answer.status).toBe(404);
    await page.getByRole("tab", { name: "Refused webhooks" }).click();
    await page.getByText("Every webhook that came was taken.").waitFor();
  });

  it("a login that waits for a person is shown as it waits", async () => {
    sink.status = 200;
    const asked = await fetch(`http://127.0.0.1:${notifyPort}/approvals`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ username: "ada", service: "ssh", address: "192.0.2.7" }),
    });
    expect(asked.status).toBe(201);
    await page.getByRole("navigation").getByRole("link", { name: "Approvals" }).click();
    await page.getByRole("row", { name: /waits ada ssh 192\.0\.2\.7/ }).waitFor();
    await page.goto(manager.url);
    await page.getByRole("link", { name: "1 login waits for a person's yes" }).waitFor();
  });

  it("home says which promises are not safe, and leads to all of them", async () => {
    const named = 'ALERTS{alertname="WebhookAvailabilityBudgetBurn",alertstate="firing",window="1h"}';
    await until("the alert to fire", async () => (await prometheus.query(named)).length > 0);
    const card = page.getByRole("region", { name: "Promises" });
    await card.getByText("webhook-latency").waitFor();
    await card.getByText("broken, overspent by 60 %").waitFor();
    await card.getByText(/^2 promises are not safe\. Of \d others nothing is known$/).waitFor();
    await card.getByRole("link", { name: "Promises" }).click();
    await page.getByRole("heading", { level: 1, name: "Promises" }).waitFor();
  });

  it("a promise says what is left of its budget, how fast it goes, and which alerts there are", async () => {
    const inDanger = page.getByRole("region", { name: "webhook-availability" });
    await inDanger.getByText("Failing fast").waitFor();
    await inDanger.getByText("Webhooks from senders with valid credentials get an answer other than 5xx.").waitFor();
    await inDanger.getByText(/^Budget of 30d: 2\d % left$/).waitFor();
    await inDanger.getByText(/, 99\.9 % promised$/).waitFor();
    await inDanger.getByText(/the error budget of 30d is spent .* times too fast, over 1h/).waitFor();
    await inDanger
      .getByRole("row", { name: "it goes ? 30 × 30 ×" })
      .or(inDanger.getByRole("row", { name: /30 ×/ }))
      .waitFor();
    await inDanger.getByRole("img", { name: /^Budget left: now .*, at least .* %$/ }).waitFor();
    const silent = page.getByRole("region", { name: "proxy-availability" });
    await silent.getByText("Nothing was counted", { exact: true }).waitFor();
    await silent.getByText("What is left of the budget is not known").waitFor();
    expect(
      await page
        .getByRole("region", { name: /availability$|latency$|delivery$/ })
        .first()
        .getAttribute("aria-label"),
    ).toMatch(/^webhook/);
  });

  it("the time that the charts show is chosen by the keyboard, and is in the address", async () => {
    await page.getByRole("radio", { name: "Week" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/range=month/);
    await page.reload();
    await page.getByRole("radio", { name: "Month", checked: true }).waitFor({ state: "attached" });
    expect(await violations(page)).toEqual([]);
    await fitsPhone(page);
  });

  it("where Prometheus is away, nothing is called kept", async () => {
    await prometheus.process.kill();
    await until("the manager to find out", async () => {
      const answer = await page.request.get(`${manager.url}/api/v1/slos`);
      return ((await answer.json()) as { readonly state: string }).state === "away";
    });
    await page.reload();
    await page.getByText(/^Prometheus \(.*\) does not answer: /).waitFor();
    expect(await page.getByText("Kept", { exact: true }).count()).toBe(0);
    await page.getByRole("link", { name: "Home" }).click();
    await page.getByRole("region", { name: "Promises" }).getByText("Prometheus does not answer").waitFor();
  });

  it("an event opens to its story: whom it was told to, who took it on, and how it ended", async () => {
    await slapd.process.kill();
    await page.getByRole("navigation").getByRole("link", { name: "Timeline" }).click();
    await page.getByRole("link", { name: "Server is down" }).click();
    const dialog = page.getByRole("dialog", { name: "Server is down" });
    await dialog.getByText("It is open, and nobody has taken it on").waitFor();
    await dialog
      .getByRole("listitem")
      .or(dialog.getByRole("link", { name: "Message to room" }))
      .first()
      .waitFor();
    await dialog.getByText("arrived").waitFor();
    await dialog.getByText("Then room is told, while nobody takes it on").waitFor();
    await fetch(sink.links[0]!, { method: "POST" });
    await dialog.getByText("It is open, and was taken on by somebody, by a link in a message").waitFor();
    await slapd.restart();
    await dialog.getByText("It is over").waitFor();
    const told = dialog.getByRole("link");
    await until("the message of its end", async () => (await told.count()) === 4);
    expect(await told.allTextContents()).toEqual([
      ...["Message to room", "Somebody took it on", "Server is up", "Message to room"],
    ]);
    expect(await violations(page)).toEqual([]);
  });

  it("the story is the same from its end, and has an address", async () => {
    await page.getByRole("dialog").getByRole("link", { name: "Server is up" }).click();
    const dialog = page.getByRole("dialog", { name: "Server is up" });
    await dialog.getByText("(this event)").waitFor();
    await page.reload();
    await dialog.getByText("It is over").waitFor();
    await dialog.getByRole("link", { name: "Server is down" }).waitFor();
    await fitsPhone(page);
    await dialog.getByRole("link", { name: "Message to room" }).first().click();
    await page.getByRole("dialog", { name: "Message" }).getByText("to room, by servers").waitFor();
  });

  it("what just happened has no more than itself, and says so", async () => {
    await page.goto(`${manager.url}/timeline?type=approval.*`);
    await page.getByRole("link", { name: "Approval asked for" }).click();
    await page.getByRole("dialog").getByRole("heading", { name: "What came of it" }).waitFor();
    expect(complaints).toEqual([]);
  });
});
