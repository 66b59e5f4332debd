/** No secret of a session is anywhere in clear: in no row, no line of the log, no event, no answer but the one that gives it. */

import { LdapClient } from "@espalier/ldap/client";
import { type Statement, sql } from "@espalier/service";
import { forEachDatabase, requirePrograms, type Slapd, ssha } from "@espalier/tests/lab";
import fc from "fast-check";
import { TOTP, URI } from "otpauth";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ann, startDirectory } from "./directory.ts";
import { type Manager, startManager } from "./manager.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const tables: readonly Statement[] = [
  ...[sql`SELECT * FROM manager_sessions`, sql`SELECT * FROM manager_connections`, sql`SELECT * FROM events`],
  ...[sql`SELECT * FROM manager_shared_passwords`, sql`SELECT * FROM manager_second_factors`],
  sql`SELECT * FROM manager_recovery_codes`,
];

describe("secrets", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startDirectory();
  });
  afterAll(() => slapd?.[Symbol.asyncDispose]());

  const setPassword = async (password: string) => {
    await using client = await LdapClient.connect({ url: slapd.url });
    await client.bind(slapd.rootDn, slapd.rootPassword);
    // Hashed: what begins with a brace the server would take for a hash.
    const values = [Buffer.from(ssha(password, "salt"))];
    await client.modify(ann, [{ operation: "replace", modification: { type: "userPassword", values } }]);
  };

  /** All that is kept and told, with binary values as their bytes are. */
  const everything = async ({ store, lines, events, service }: Manager): Promise<Buffer> => {
    await service.sessions.settled();
    const rows = (await Promise.all(tables.map((table) => store.all(table)))).flat();
    const values = rows.flatMap((row) => Object.values(row as Record<string, unknown>));
    const bytes = values.map((value) =>
      value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value)),
    );
    return Buffer.concat([...bytes, Buffer.from(lines.join("")), Buffer.from(JSON.stringify(events))]);
  };

  forEachDatabase((databases) => {
    it("of whatever sessions do are nowhere in clear", async () => {
      const roles = [{ role: "admin" as const, users: [ann] }];
      const manager = await startManager({
        ...{ slapd, url: await databases.create() },
        clusters: { main: { bind_dn: slapd.serviceDn, shared_login: { roles: ["admin"] }, roles }, other: {} },
      });
      const password = fc.string({ minLength: 8, maxLength: 40, unit: fc.constantFrom(..."aB3$<&'\"\\ü€*()=, {}%") });
      const typed = fc.record({ password, wrong: password, code: fc.string({ minLength: 6, maxLength: 20 }) });
      const steps = fc.shuffledSubarray(["wrong", "connect", "shared", "wrong shared", "totp", "sign out"] as const);
      await fc.assert(
        fc.asyncProperty(typed, steps, async ({ password, wrong, code }, todo) => {
          await setPassword(password);
          manager.clock.pass(3_600_000);
          await manager.service.secondFactors.remove(
            (await manager.store.first<{ person: string }>(sql`SELECT person FROM manager_second_factors`))?.person ??
              "",
          );
          const person = manager.browser();
          const secrets = [password, `x${wrong}`, slapd.servicePassword];
          expect((await person.signIn("ann", password)).status).toBe(201);
          secrets.push(...person.cookies.values(), person.csrfToken ?? "");
          const connect = (body: object) => person.send("POST", "/session/clusters", body);
          for (const step of todo) {
            if (step === "wrong") await manager.browser().signIn("ann", `x${wrong}`, { secondFactor: `${code}xxxxxx` });
            if (step === "connect") await connect({ cluster: "other", name: "ann", password });
            if (step === "shared") await connect({ cluster: "main", shared: true, password: slapd.servicePassword });
            if (step === "wrong shared") await connect({ cluster: "main", shared: true, password: `x${wrong}` });
            if (step === "sign out") await person.send("DELETE", "/session");
            if (step !== "totp") continue;
            const { status, body } = await person.send("POST", "/session/totp");
            if (status !== 201) continue;
            const totp = URI.parse(body.url);
            if (!(totp instanceof TOTP)) throw new Error("no TOTP");
            const confirmed = await person.send("POST", "/session/totp/confirm", {
              code: totp.generate({ timestamp: manager.clock.now }),
            });
            secrets.push(body.base32, ...confirmed.body.recoveryCodes);
          }
          const all = await everything(manager);
          const json = (text: string) => JSON.stringify(text).slice(1, -1);
          const forms = (secret: string) => [
            ...[Buffer.from(secret), Buffer.from(json(secret)), Buffer.from(encodeURIComponent(secret))],
            ...[Buffer.from(Buffer.from(secret).toString("base64")), Buffer.from(Buffer.from(secret).toString("hex"))],
          ];
          expect(secrets.filter((secret) => forms(secret).some((form) => all.includes(form)))).toEqual([]);
        }),
        { numRuns: 12 },
      );
      // The test would find them: who signed in is there.
      expect((await everything(manager)).includes(Buffer.from(ann))).toBe(true);
    }, 60_000);
  });
});
