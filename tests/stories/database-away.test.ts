/**
 * Database away: PostgreSQL is gone for ten minutes while clients go on asking the gateway. Nobody who exists is told not to, no
 * right password is called wrong, and when the database is back so is everything, without a restart.
 *
 * Ten minutes are scaled down to 12 seconds, and with them whatever the story counts in seconds: how often the gateway reads its
 * tables (5 s), for how long it serves what it read last (1 h), when SSSD asks again where it had no answer (60 s). The whole ten
 * minutes, with the settings as they are unless set: `STORY_OUTAGE_SECONDS=600 npm test -- tests/stories/database-away.test.ts`.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  createCertificateAuthority,
  fillPostgres,
  freePort,
  type Population,
  type Postgres,
  person,
  requirePrograms,
  type Sssd,
  ssha,
  sssdPrograms,
  sssdTurnTimeoutMs,
  startPostgres,
  startSssd,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { baseDn, gatewayQueries } from "./gateway-pair.ts";
import { Machine } from "./machine.ts";
import { SteadyClients } from "./steady-clients.ts";
import { Stopwatch } from "./stopwatch.ts";
import { Tally } from "./tally.ts";

const describe = requirePrograms({ postgres: "postgresql-15", openssl: "openssl", ...sssdPrograms }, { root: true });

const outageSeconds = Number(process.env.STORY_OUTAGE_SECONDS ?? 12);
const scale = outageSeconds / 600;
const scaled = (seconds: number) => `${Math.max(100, Math.round(seconds * scale * 1_000))}ms`;
const scaledSeconds = (seconds: number) => String(Math.ceil(seconds * scale));

const names = Array.from({ length: 12 }, (_, index) => `user${index}`);
const population: Population = {
  users: names.map((name, index) => person(name, 2001 + index, { gidNumber: 3001 })),
  groups: [{ name: "staff", gidNumber: 3001, members: names }],
};
/** On a machine with other work. */
const patience = { timeoutMs: 120_000 + outageSeconds * 1_000, intervalMs: 50 };
const slowly = 2 * patience.timeoutMs;
const some = expect.any(Number);
const found = { found: some };

interface Health {
  readonly status: string;
  readonly checks: { readonly directory: { readonly status: string; readonly since?: string } };
}

describe("while the database is away", () => {
  const stopwatch = new Stopwatch(`Database away for ${outageSeconds} s`);
  const tally = new Tally("before");
  const cleanup = new AsyncDisposableStack();
  let postgres: Postgres;
  let gateway: Machine;
  let sssd: Sssd;
  let clients: SteadyClients;
  let stoppedAtMs: number;

  beforeAll(async () => {
    await stopwatch.time("everything started", startSite);
  }, sssdTurnTimeoutMs);
  afterAll(async () => {
    stopwatch.print();
    tally.print();
    await cleanup.disposeAsync();
  });

  async function startSite(): Promise<void> {
    const directory = cleanup.use(await temporaryDirectory("certificates"));
    const authority = await createCertificateAuthority(directory.path);
    const { certificate, privateKey } = await authority.issue("ldap1", ["ldap1", "127.0.0.1"]);
    postgres = cleanup.use(await startPostgres());
    await fillPostgres(postgres, population);
    const port = await freePort();
    gateway = cleanup.use(
      await Machine.start({
        service: "gateway",
        environment: { SQL_URI: postgres.url },
        configuration: {
          gateway: {
            base: baseDn,
            listen: [`ldaps://127.0.0.1:${port}`],
            tls: { certPath: certificate, keyPath: privateKey },
            sql: { queries: gatewayQueries() },
            requireAuthForSearch: false,
            refresh: { interval: scaled(5) },
            outage: { serveSearchesFor: scaled(3_600) },
          },
        },
      }),
    );
    sssd = cleanup.use(
      await startSssd({
        hosts: { ldap1: "127.0.0.1" },
        settings: {
          id_provider: "ldap",
          auth_provider: "ldap",
          ldap_uri: `ldaps://ldap1:${port}`,
          ldap_search_base: baseDn,
          ldap_tls_reqcert: "demand",
          ldap_tls_cacert: authority.certificate,
          offline_timeout: scaledSeconds(60),
          offline_timeout_max: scaledSeconds(3_600),
          offline_timeout_random_offset: scaledSeconds(30),
        },
      }),
    );
    // As on a machine that people use: offline, SSSD knows those whom it has seen.
    for (const name of names) await until("SSSD to find a user", () => sssd.id(name), patience);
    clients = cleanup.use(
      new SteadyClients({
        url: `ldaps://127.0.0.1:${port}`,
        authority: await readFile(authority.certificate, "utf8"),
        people: names,
        sssd,
        tally,
      }),
    );
  }

  const health = async () => (await gateway.reports.health()) as Health;
  const awayForMs = () => performance.now() - stoppedAtMs;

  it("it was there, and all was well", async () => {
    await stopwatch.time("clients at work", () => clients.answered("before", 10));
    expect(await health()).toMatchObject({ status: "healthy", checks: { directory: { status: "ok" } } });
  });

  it("the gateway's health is degraded, and says since when", { timeout: slowly }, async () => {
    tally.begin("going");
    const before = Date.now();
    stoppedAtMs = performance.now();
    await stopwatch.time("the database stopped", () => postgres.stop());
    tally.begin("away");
    const report = await stopwatch.time("/health says degraded", () =>
      until(
        "the health",
        async () => {
          const answer = await health();
          return answer.status === "degraded" ? answer : undefined;
        },
        patience,
      ),
    );
    const { status, since } = report.checks.directory;
    expect(status).toBe("degraded");
    expect(Date.parse(since!)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(since!)).toBeLessThanOrEqual(Date.now());
    expect((await fetch(`${gateway.reports.url}/readyz`)).status).toBe(200);
  });

  it("no login ends with a wrong password, the wrong one's neither", { timeout: slowly }, async () => {
    await delay(Math.max(0, (outageSeconds * 1_000 * 2) / 3 - awayForMs()));
    // What SSSD makes of a bind whose connection is dropped, and of one that it does not try.
    const unanswered = /^(System error|Authentication service cannot retrieve authentication info)$/;
    expect(await sssd.wordsOfPam("user1", "pw-user1")).toMatch(unanswered);
    expect(await sssd.wordsOfPam("user2", "mistyped")).toMatch(unanswered);
  });

  it("it stays away, and after all that time nothing has changed", { timeout: slowly }, async () => {
    await stopwatch.time("the rest of the outage", () => delay(Math.max(0, outageSeconds * 1_000 - awayForMs())));
    expect(await health()).toMatchObject({ status: "degraded", checks: { directory: { status: "degraded" } } });
  });

  it("and back again, all is well without a restart", { timeout: slowly }, async () => {
    tally.begin("coming");
    await stopwatch.time("the database started", () => postgres.start());
    await postgres.psql(
      `INSERT INTO "Users" ("uidNumber", "uid", "gidNumber", "userPassword", "status")
       VALUES (2999, 'newcomer', 3001, '${ssha("pw-newcomer", "newcomer")}', 'active')`,
    );
    await stopwatch.time("/health says healthy", () =>
      until("the health", async () => (await health()).status === "healthy", patience),
    );
    tally.begin("back");
    await stopwatch.time("clients at work", () => clients.answered("back", 10));
    await stopwatch.time("SSSD logs people in", () =>
      until("a login", async () => (await sssd.login("user3", "pw-user3")) === "granted", patience),
    );
    expect(await sssd.wordsOfPam("user2", "mistyped")).toBe("Authentication failure");
  });

  it("who was added at the end of it is there, and logs in", { timeout: slowly }, async () => {
    await stopwatch.time("SSSD finds the newcomer", () =>
      until("the newcomer", () => sssd.passwd("newcomer"), patience),
    );
    expect(await sssd.login("newcomer", "pw-newcomer")).toBe("granted");
  });

  it("in all that time not one answer was wrong", async () => {
    await clients[Symbol.asyncDispose]();
    const searches = { search: found, group: found, "look-up": found, "groups of": found };
    expect(tally.of("before")).toEqual({ ...searches, bind: { right: some } });
    expect(tally.of("away")).toEqual({ ...searches, bind: { "connection lost": some } });
    expect(tally.of("back")).toEqual({ ...searches, bind: { right: some } });
    // Which of the two a bind ends with depends on the moment.
    for (const phase of ["going", "coming", "between"]) {
      const { bind = {}, ...others } = tally.of(phase);
      const { right, "connection lost": lost, ...wrong } = bind;
      expect(wrong).toEqual({});
      for (const kinds of Object.values(others)) expect(kinds).toEqual(found);
    }
  });
});
