/** PostgreSQL tells of changes at once where the trigger is installed, and is read again after an outage. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../../../../tests/lab/postgres.ts";
import { requirePrograms } from "../../../../tests/lab/programs.ts";
import { until } from "../../../../tests/lab/until.ts";
import { sqlTrigger } from "../../src/source/trigger.ts";
import { directorySql, documentedQueries } from "../source/directory.ts";
import { type RunningGateway, runGateway } from "../support/running-gateway.ts";
import { answerTo } from "../support/served-snapshot.ts";
import { UserTables } from "../support/user-tables.ts";

const describe = requirePrograms({ initdb: "postgresql-15", psql: "postgresql-client-15" });
const base = "dc=example,dc=com";

describe("a gateway over PostgreSQL", () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.psql(directorySql);
    await postgres.psql(sqlTrigger(["Users", "Groups", "UserGroups"]));
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  const serve = async (interval: string): Promise<RunningGateway> => {
    using tables = new UserTables();
    return runGateway(tables, { refresh: { interval }, sql: { url: postgres.url, queries: documentedQueries } });
  };
  const mailOf = async (running: RunningGateway, username: string) => {
    const client = await running.client();
    const { entries } = await answerTo(client, { baseObject: `uid=${username},${base}`, scope: "baseObject" });
    await client.unbind();
    return entries[0]?.text("mail");
  };

  it("shows a change long before its interval is over", async () => {
    await using running = await serve("1h");
    expect(await mailOf(running, "ann")).toBe("ann@example.com");
    await postgres.psql(`UPDATE "Users" SET mail = 'new@example.com' WHERE uid = 'ann'`);
    await until("the new mail", async () => (await mailOf(running, "ann")) === "new@example.com", { timeoutMs: 3_000 });
    await postgres.psql(`DELETE FROM "UserGroups" WHERE "uidNumber" = 2003; DELETE FROM "Users" WHERE uid = 'zoë'`);
    await until("the user to be gone", async () => (await mailOf(running, "zoë")) === undefined, { timeoutMs: 3_000 });
  });

  it("serves on while the database is away, and sees what was changed as soon as it is back", async () => {
    await using running = await serve("200ms");
    await postgres.stop();
    await until("the outage", async () => (await running.health.report()).status === "degraded");
    expect(await mailOf(running, "abe")).toBe("abe@example.com");
    expect(await mailOf(running, "nobody")).toBeUndefined();
    await postgres.start();
    await postgres.psql(`UPDATE "Users" SET mail = 'back@example.com' WHERE uid = 'abe'`);
    await until("the new mail", async () => (await mailOf(running, "abe")) === "back@example.com");
    expect((await running.health.report()).status).toBe("healthy");
    expect(running.events).toEqual([
      {
        type: "database.unreachable",
        severity: "high",
        subject: base,
        source: "gateway",
        data: { reason: expect.stringMatching(/./), servesSearches: true },
      },
      { type: "database.reachable", severity: "info", subject: base, source: "gateway", data: {} },
    ]);
  });
});
