/**
 * A login that a person approves: SSSD asks two gateways, which ask two nodes of the notification service over one PostgreSQL;
 * the message goes to a phone, whose browser opens the link and presses a button.
 */

import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ServiceReports } from "./lab/espalier.ts";
import {
  type ChildServer,
  fillPostgres,
  freePort,
  type Gateway,
  type Population,
  type Postgres,
  person,
  programPath,
  requirePrograms,
  runEspalier,
  type Sssd,
  sssdPrograms,
  sssdTurnTimeoutMs,
  startGateway,
  startPostgres,
  startSssd,
  temporaryDirectory,
  until,
} from "./lab/index.ts";

const describe = requirePrograms({ postgres: "postgresql-15", chromium: "chromium", ...sssdPrograms }, { root: true });

const hosts = { ldap1: "127.0.0.11", ldap2: "127.0.0.12" };
const loginTimeoutMs = 90_000;
const population: Population = {
  users: ["ann", "bob", "carl", "dora", "eve"].map((name, index) => person(name, 2001 + index)),
  groups: [],
};

/** What ntfy is sent. */
interface Push {
  readonly topic: string;
  readonly title: string;
  readonly actions: readonly { readonly label: string; readonly url: string }[];
}

interface Phone extends AsyncDisposable {
  readonly url: string;
  readonly pushes: readonly Push[];
}

interface NotifyNode extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildServer;
}

interface Site {
  readonly postgres: Postgres;
  readonly phone: Phone;
  readonly browser: Browser;
  readonly notify: readonly [NotifyNode, NotifyNode];
  readonly gateways: readonly [Gateway, Gateway];
  readonly sssd: Sssd;
}

const apiKey = "the-gateways-key-for-approvals";

/** A server that messages are published to, as ntfy is. */
async function startPhone(): Promise<Phone> {
  const pushes: Push[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    pushes.push(JSON.parse(Buffer.concat(chunks).toString()));
    response.setHeader("content-type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pushes,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface NodeOptions {
  readonly port: number;
  /** Where the links lead to. */
  readonly publicUrl: string;
  readonly phone: Phone;
  readonly storeUrl: string;
}

async function startNotify({ port, publicUrl, phone, storeUrl }: NodeOptions): Promise<NotifyNode> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("notify"));
  const metricsUrl = `http://127.0.0.1:${await freePort()}`;
  const configuration = {
    notify: {
      listen: `127.0.0.1:${port}`,
      publicUrl,
      approvals: { keys: [apiKey], expireAfter: "60s" },
      channels: { phone: { kind: "ntfy", url: phone.url, topic: "logins" } },
      routes: [{ match: { type: "approval.requested" }, channels: ["phone"] }],
      outbound: { allow: ["127.0.0.0/8"] },
      canary: "off",
    },
    store: { url: storeUrl },
    metrics: { listen: new URL(metricsUrl).host },
  };
  // JSON is YAML too.
  await writeFile(directory.file("espalier.yaml"), JSON.stringify(configuration));
  const process = cleanup.use(runEspalier(["notify"], {}, directory));
  const reports = new ServiceReports(metricsUrl);
  await process.ready(() => reports.isReady(), 30_000);
  const resources = cleanup.move();
  return { url: `http://127.0.0.1:${port}`, process, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** @param optTimeout SSSD's `ldap_opt_timeout`: how long it waits for the answer to a bind */
async function startSite(cleanup: AsyncDisposableStack, optTimeout: string): Promise<Site> {
  const [postgres, phone] = await Promise.all([startPostgres(), startPhone()]);
  cleanup.use(postgres);
  cleanup.use(phone);
  const sql = await fillPostgres(postgres, population, {});
  await postgres.psql("CREATE DATABASE espalier");
  const storeUrl = postgres.url.replace(/postgres$/, "espalier");
  const ports = [await freePort(), await freePort()] as const;
  // Both nodes send links to the second one: what is decided there is waited for at the first, too.
  const publicUrl = `http://127.0.0.1:${ports[1]}`;
  const startNode = async (port: number) => cleanup.use(await startNotify({ port, publicUrl, phone, storeUrl }));
  const notify = [await startNode(ports[0]), await startNode(ports[1])] as const;
  const start = async (name: keyof typeof hosts, { url }: NotifyNode) =>
    cleanup.use(
      await startGateway({
        address: hosts[name],
        port: 636,
        environment: {
          ...sql,
          LDAP_COMMON_NAME: name,
          LDAP_UNENCRYPTED: "false",
          AUTH_BACKENDS: "sql,notification",
          NOTIFICATION_URL: `${url}/send-notification`,
          NOTIFICATION_API_KEY: apiKey,
        },
      }),
    );
  const gateways = await Promise.all([start("ldap1", notify[0]), start("ldap2", notify[1])]);
  const browser = await chromium.launch({ executablePath: programPath("chromium"), args: ["--no-sandbox"] });
  cleanup.defer(() => browser.close());
  const settings = {
    id_provider: "ldap",
    auth_provider: "ldap",
    ldap_uri: "ldaps://ldap1, ldaps://ldap2",
    ldap_tls_reqcert: "allow",
    ldap_opt_timeout: optTimeout,
  };
  const sssd = cleanup.use(await startSssd({ hosts, settings }));
  await until("SSSD to find a user", () => sssd.passwd("ann"), { timeoutMs: 20_000 });
  return { postgres, phone, browser, notify, gateways, sssd };
}

class Story {
  readonly #site: Site;

  constructor(site: Site) {
    this.#site = site;
  }

  get pushes(): number {
    return this.#site.phone.pushes.length;
  }

  /** The push that comes after so many. */
  async push(after: number): Promise<Push> {
    const push = await until("the push", () => this.#site.phone.pushes[after], { timeoutMs: 30_000 });
    expect(push.actions.map(({ label }) => label)).toEqual(["Approve or reject"]);
    return push;
  }

  /** Opens the link on a phone and presses the button. Resolves to the heading of what is shown then. */
  async press({ actions }: Push, button: string): Promise<string | null> {
    const page = await this.#site.browser.newPage({
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
    });
    try {
      await page.goto(actions[0]!.url);
      await page.getByRole("button", { name: button, exact: true }).tap();
      return await page.getByRole("heading", { level: 1 }).filter({ hasNotText: "Is this you?" }).textContent();
    } finally {
      await page.close();
    }
  }

  /** As they are in the store: the state of each, and how many attempts shared it. */
  approvals(username: string): Promise<string> {
    return this.#store(`SELECT state, attempts FROM approvals WHERE username = '${username}' ORDER BY requested_at`);
  }

  /** Each with its severity, from 0 for critical on. */
  events(username: string): Promise<string> {
    return this.#store(`SELECT type, severity FROM events WHERE subject = '${username}' ORDER BY position`);
  }

  #store(query: string): Promise<string> {
    return this.#site.postgres.psql(`\\c espalier\n${query}`);
  }
}

describe("a login through SSSD that waits for a person", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let story: Story;
  beforeAll(async () => {
    site = await startSite(cleanup, "60");
    story = new Story(site);
  }, sssdTurnTimeoutMs);
  afterAll(() => cleanup.disposeAsync());

  it(
    "is let in by one push and one press of the button",
    async () => {
      const before = story.pushes;
      const login = site.sssd.login("ann", "pw-ann");
      const push = await story.push(before);
      expect(push).toMatchObject({
        topic: "logins",
        title: "[medium] A login as ann from 127.0.0.1 (ldap) waits for your answer",
      });
      expect(await story.press(push, "Approve")).toBe("Approved");
      expect(await login).toBe("granted");
      expect([await story.approvals("ann"), story.pushes]).toEqual(["approved|1", before + 1]);
    },
    loginTimeoutMs,
  );

  it(
    "asks nobody about a wrong password",
    async () => {
      const before = story.pushes;
      expect(await site.sssd.login("ann", "wrong")).toBe("rejected");
      expect([await story.approvals("ann"), story.pushes]).toEqual(["approved|1", before]);
    },
    loginTimeoutMs,
  );

  it(
    "is refused by PAM when the person rejects it",
    async () => {
      const before = story.pushes;
      const login = site.sssd.login("bob", "pw-bob");
      expect(await story.press(await story.push(before), "Reject")).toBe("Rejected");
      expect(await login).toBe("rejected");
      expect([await story.approvals("bob"), story.pushes]).toEqual(["rejected|1", before + 1]);
    },
    loginTimeoutMs,
  );

  it(
    "`This was not me` refuses the login and every further one, without another push",
    async () => {
      const before = story.pushes;
      const login = site.sssd.login("dora", "pw-dora");
      expect(await story.press(await story.push(before), "This was not me")).toBe("Thank you for saying so");
      expect(await login).toBe("rejected");
      expect(await site.sssd.login("dora", "pw-dora")).toBe("rejected");
      expect([await story.approvals("dora"), story.pushes]).toEqual(["rejected|1", before + 1]);
      const events = ["approval.requested|2", "approval.not-me|0", "approval.locked|1"];
      expect((await story.events("dora")).split("\n")).toEqual(events);
    },
    loginTimeoutMs,
  );

  it(
    "has failed when its gateway dies meanwhile, and the yes lets the next one in at the other gateway",
    async () => {
      const before = story.pushes;
      const login = site.sssd.login("carl", "pw-carl");
      const push = await story.push(before);
      await site.gateways[0].process.kill();
      expect(await login).toBe("rejected");
      expect(await story.press(push, "Approve")).toBe("Approved");
      expect(await site.sssd.login("carl", "pw-carl")).toBe("granted");
      expect([await story.approvals("carl"), story.pushes]).toEqual(["approved|2", before + 1]);
    },
    loginTimeoutMs,
  );
});

describe("an SSSD that waits for 8 seconds only, as it does unless told otherwise", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let story: Story;
  beforeAll(async () => {
    site = await startSite(cleanup, "8");
    story = new Story(site);
  }, sssdTurnTimeoutMs);
  afterAll(() => cleanup.disposeAsync());

  it(
    "asks the gateway again, which asks nobody again: one approval, one push, and the press lets it in",
    async () => {
      const before = story.pushes;
      const login = site.sssd.login("ann", "pw-ann");
      const push = await story.push(before);
      const binds = async () => (await site.sssd.log()).split("Executing simple bind as: uid=ann,").length - 1;
      await until("the second bind", async () => (await binds()) >= 2, { timeoutMs: 20_000, intervalMs: 200 });
      expect(await story.press(push, "Approve")).toBe("Approved");
      expect(await login).toBe("granted");
      expect([await story.approvals("ann"), story.pushes]).toEqual(["approved|1", before + 1]);
    },
    loginTimeoutMs,
  );

  it(
    "goes to the other gateway when the first one is lost, and the attempt there joins: one approval, one push",
    async () => {
      const before = story.pushes;
      const login = site.sssd.login("eve", "pw-eve");
      const push = await story.push(before);
      // Lost without a word: SSSD fails a login whose connection is closed while it waits, and tries again one that is not answered.
      site.gateways[0].process.suspend();
      const isTimedOut = async () => /simple bind: \[uid=eve,[^\n]* seems slow/.test(await site.sssd.log());
      await until("SSSD to give up waiting", isTimedOut, { timeoutMs: 20_000, intervalMs: 100 });
      await site.gateways[0].process.kill();
      await until("the second attempt", async () => (await story.approvals("eve")) === "pending|2", {
        timeoutMs: 40_000,
      });
      expect(await story.press(push, "Approve")).toBe("Approved");
      expect(await login).toBe("granted");
      expect([await story.approvals("eve"), story.pushes]).toEqual(["approved|2", before + 1]);
      expect((await story.events("eve")).split("\n")).toEqual(["approval.requested|2", "approval.approved|4"]);
    },
    loginTimeoutMs,
  );
});
