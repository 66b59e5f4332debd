/** Notifications and approvals in the browser: `espalier up` over a slapd, with a channel that refuses and a login that waits. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort, type Manager, programPath, requirePrograms, startManager, startSlapd, until } from "../lab/index.ts";
import { pagePrograms } from "./page-site.ts";
import { signIn } from "./screens.ts";

const describe = requirePrograms(pagePrograms);
const base = "dc=example,dc=com";
const apiKey = "a key of twenty characters or more";

describe("notifications in the browser", () => {
  const resources = new AsyncDisposableStack();
  let manager: Manager;
  let page: Page;
  let notifyPort: number;
  const sink = { status: 400, received: 0 };

  beforeAll(async () => {
    const server = createServer((request, response) => {
      request.resume();
      sink.received += 1;
      response.writeHead(sink.status).end(sink.status === 200 ? "" : "this room does not exist");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    resources.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const slapd = resources.use(
      await startSlapd({
        ldif: `dn: ${base}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n`,
      }),
    );
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
                text: "{{title}}",
              },
            },
            routes: [
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
    page = await (await browser.newContext({ locale: "en-GB" })).newPage();
    page.setDefaultTimeout(20_000);
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
    await page.getByRole("tab", { name: "Channels" }).click();
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
    await page.getByRole("link", { name: "Home" }).click();
    await page.getByRole("link", { name: "1 login waits for a person's yes" }).waitFor();
  });
});
