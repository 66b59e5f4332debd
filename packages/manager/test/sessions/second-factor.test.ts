/** One-time codes and recovery codes: enrolled, asked for, taken once, guessed in vain, required of roles. */
import { sql } from "@espalier/service";
import { forEachDatabase, requirePrograms, type Slapd } from "@espalier/tests/lab";
import { TOTP, URI } from "otpauth";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ann, annsPassword, bob, startDirectory } from "./directory.ts";
import { type Browser, type Clock, type Manager, startManager, typesOf } from "./manager.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });
const minuteMs = 60_000;

describe("a second factor", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startDirectory();
  });
  afterAll(() => slapd?.[Symbol.asyncDispose]());

  /** The app on somebody's telephone, which shows another code every half minute. */
  class App {
    readonly #totp: TOTP;
    readonly #clock: Clock;
    constructor(url: string, clock: Clock) {
      const totp = URI.parse(url);
      if (!(totp instanceof TOTP)) throw new Error(`${url} is not of a TOTP`);
      this.#totp = totp;
      this.#clock = clock;
    }
    get label(): string {
      return `${this.#totp.issuer}: ${this.#totp.label}`;
    }
    code(steps = 0): string {
      return this.#totp.generate({ timestamp: this.#clock.now + steps * 30_000 });
    }
    next(): string {
      this.#clock.pass(30_000);
      return this.code();
    }
  }

  forEachDatabase((databases) => {
    const start = async (more: Partial<Parameters<typeof startManager>[0]> = {}): Promise<Manager> =>
      startManager({ slapd, url: await databases.create(), ...more });
    const enrolled = async (manager: Manager, name = "bob", password = "bob-password") => {
      const person = manager.browser();
      await person.signIn(name, password);
      const { status, body } = await person.send("POST", "/session/totp");
      expect(status).toBe(201);
      const app = new App(body.url, manager.clock);
      const confirmed = await person.send("POST", "/session/totp/confirm", { code: app.code() });
      expect(confirmed.status).toBe(200);
      return { person, app, recoveryCodes: confirmed.body.recoveryCodes as string[] };
    };
    const outcome = ({ status, body }: Awaited<ReturnType<Browser["send"]>>) => (status < 300 ? status : body.code);

    it("is asked for once it is confirmed, and not before", async () => {
      const manager = await start();
      const person = manager.browser();
      await person.signIn("bob", "bob-password");
      const { body } = await person.send("POST", "/session/totp");
      const app = new App(body.url, manager.clock);
      expect(app.label).toBe("Espalier: bob");
      expect(new URL(body.url).searchParams.get("secret")).toBe(body.base32);
      expect(outcome(await manager.browser().signIn("bob", "bob-password"))).toBe(201);
      expect(outcome(await person.send("POST", "/session/totp/confirm", { code: "000000" }))).toBe(
        "second_factor_needed",
      );
      expect(outcome(await manager.browser().signIn("bob", "bob-password"))).toBe(201);
      expect(outcome(await person.send("POST", "/session/totp/confirm", { code: app.code() }))).toBe(200);
      expect((await person.get("/session")).body.secondFactor).toEqual({ enrolled: true });
      const other = manager.browser();
      expect(outcome(await other.signIn("bob", "bob-password"))).toBe("second_factor_needed");
      expect(outcome(await other.signIn("bob", "wrong"))).toBe("wrong_credentials");
      expect(other.cookies.size).toBe(0);
      expect(outcome(await other.signIn("bob", "bob-password", { secondFactor: app.next() }))).toBe(201);
      expect(outcome(await manager.browser().signIn(ann, annsPassword))).toBe(201);
    });

    it("a code is taken once, whichever manager it is shown to", async () => {
      const url = await databases.create();
      const manager = await start({ url });
      const other = await start({ url, clock: manager.clock });
      const { app } = await enrolled(manager);
      const secondFactor = app.next();
      expect(outcome(await manager.browser().signIn("bob", "bob-password", { secondFactor }))).toBe(201);
      expect(outcome(await manager.browser().signIn("bob", "bob-password", { secondFactor }))).toBe(
        "second_factor_needed",
      );
      expect(outcome(await other.browser().signIn("bob", "bob-password", { secondFactor }))).toBe(
        "second_factor_needed",
      );
      // One before it neither, although it would be in time.
      expect(outcome(await other.browser().signIn("bob", "bob-password", { secondFactor: app.code(-1) }))).toBe(
        "second_factor_needed",
      );
      const [one, two] = await Promise.all(
        [manager, other].map(({ browser }) => browser().signIn("bob", "bob-password", { secondFactor: app.code(1) })),
      );
      expect([one?.status, two?.status].sort()).toEqual([201, 401]);
    });

    it("a clock may be half a minute wrong, and no more", async () => {
      const manager = await start();
      const { app } = await enrolled(manager);
      manager.clock.pass(10 * minuteMs);
      const withCode = async (steps: number) =>
        outcome(
          await manager
            .browser(`192.0.2.${steps + 9}`)
            .signIn("bob", "bob-password", { secondFactor: app.code(steps) }),
        );
      expect(await withCode(-2)).toBe("second_factor_needed");
      expect(await withCode(2)).toBe("second_factor_needed");
      expect(await withCode(-1)).toBe(201);
      expect(await withCode(1)).toBe(201);
    });

    it("after five wrong codes none is taken for a quarter of an hour", async () => {
      const manager = await start();
      const { app } = await enrolled(manager);
      const guess = async (secondFactor: string, host: number) =>
        outcome(await manager.browser(`192.0.2.${host}`).signIn("bob", "bob-password", { secondFactor }));
      for (let count = 0; count < 5; count += 1)
        expect(await guess(`00000${count}`, count)).toBe("second_factor_needed");
      expect(await guess(app.next(), 6)).toBe("second_factor_needed");
      manager.clock.pass(15 * minuteMs);
      expect(await guess(app.next(), 7)).toBe(201);
    });

    it("a recovery code signs in once, in any letter case", async () => {
      const manager = await start();
      const { recoveryCodes } = await enrolled(manager);
      expect(recoveryCodes).toHaveLength(10);
      expect(recoveryCodes.every((code) => /^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$/.test(code))).toBe(true);
      const [first = "", second = ""] = recoveryCodes;
      const use = async (secondFactor: string) =>
        outcome(await manager.browser().signIn("bob", "bob-password", { secondFactor }));
      expect(await use(first.toLowerCase().replaceAll("-", " "))).toBe(201);
      expect(await use(first)).toBe("second_factor_needed");
      expect(await use(second)).toBe(201);
    });

    it("new recovery codes take the place of the old ones", async () => {
      const manager = await start();
      const { person, app, recoveryCodes } = await enrolled(manager);
      expect(outcome(await person.send("POST", "/session/recovery-codes", { code: "000000" }))).toBe(
        "second_factor_needed",
      );
      const { body } = await person.send("POST", "/session/recovery-codes", { code: app.next() });
      const use = async (secondFactor: string | undefined) =>
        outcome(await manager.browser().signIn("bob", "bob-password", { secondFactor }));
      expect(await use(recoveryCodes[0])).toBe("second_factor_needed");
      expect(await use(body.recoveryCodes[0])).toBe(201);
    });

    it("is removed with one of its codes, and cannot be replaced without", async () => {
      const manager = await start();
      const { person, app } = await enrolled(manager);
      expect(outcome(await person.send("POST", "/session/totp"))).toBe("already_exists");
      expect(outcome(await person.send("DELETE", "/session/totp", { code: "000000" }))).toBe("second_factor_needed");
      expect(outcome(await person.send("DELETE", "/session/totp", { code: app.next() }))).toBe(204);
      expect(outcome(await manager.browser().signIn("bob", "bob-password"))).toBe(201);
      expect(await manager.store.all(sql`SELECT person FROM manager_recovery_codes`)).toEqual([]);
    });

    it("is reset by an administrator, which is noted, and by nobody else", async () => {
      const roles = [
        { role: "admin" as const, users: [ann] },
        { role: "viewer" as const, users: ["*"] },
      ];
      const manager = await start({ clusters: { main: { roles } } });
      const { person } = await enrolled(manager);
      const admin = manager.browser("192.0.2.99");
      await admin.signIn("ann", annsPassword);
      const wanted = { cluster: "main", dn: bob.toUpperCase().replace("UID", "uid") };
      expect(outcome(await person.send("DELETE", "/session/totp", { cluster: "main", dn: ann }))).toBe("not_allowed");
      expect(outcome(await admin.send("DELETE", "/session/totp", wanted))).toBe(204);
      expect(outcome(await admin.send("DELETE", "/session/totp", wanted))).toBe("not_found");
      expect(outcome(await manager.browser().signIn("bob", "bob-password"))).toBe(201);
      expect(manager.events.find(({ type }) => type === "totp.reset")).toEqual({
        ...{ type: "totp.reset", severity: "medium", source: "manager", audit: true, subject: wanted.dn, actor: ann },
        data: { cluster: "main", address: "192.0.2.99" },
      });
    });

    it("whose role requires one can do nothing before but enrol", async () => {
      const roles = [
        { role: "admin" as const, users: [ann] },
        { role: "viewer" as const, users: ["*"] },
      ];
      const manager = await start({ clusters: { main: { roles } }, config: { totp: { required: ["admin"] } } });
      const bobs = manager.browser();
      await bobs.signIn("bob", "bob-password");
      expect((await bobs.whoAmI()).status).toBe(200);
      const admin = manager.browser();
      const { body } = await admin.signIn("ann", annsPassword);
      expect(body.secondFactor).toEqual({ enrolled: false, restriction: "second factor to be enrolled" });
      expect(body.clusters[0].may).toEqual([]);
      for (const path of ["/probe/main/whoami", "/probe/main/require?action=read", "/sessions"]) {
        expect([path, outcome(await admin.get(path))]).toEqual([path, "second_factor_needed"]);
      }
      expect(outcome(await admin.send("POST", "/probe"))).toBe("second_factor_needed");
      expect(outcome(await admin.send("POST", "/session/clusters", { cluster: "main", shared: true }))).toBe(
        "second_factor_needed",
      );
      const begun = await admin.send("POST", "/session/totp");
      const app = new App(begun.body.url, manager.clock);
      expect(outcome(await admin.send("POST", "/session/totp/confirm", { code: app.code() }))).toBe(200);
      expect((await admin.whoAmI()).status).toBe(200);
      expect(await admin.mayI("admin")).toBe("yes");
      const again = manager.browser();
      await again.signIn("ann", annsPassword, { secondFactor: app.next() });
      expect(await again.mayI("admin")).toBe("yes");
    });

    it("of a person is asked for too where a session of somebody else connects to their cluster", async () => {
      const manager = await start({ clusters: { main: {}, other: {} } });
      const { app } = await enrolled(manager, "bob");
      const bobs = manager.browser();
      await bobs.signIn("bob", "bob-password", { cluster: "other" });
      const connect = async (more: object) =>
        outcome(
          await bobs.send("POST", "/session/clusters", {
            cluster: "main",
            name: "bob",
            password: "bob-password",
            ...more,
          }),
        );
      expect(await connect({})).toBe("second_factor_needed");
      expect(await connect({ secondFactor: app.next() })).toBe(200);
    });

    it("its events say who and where, and nothing more", async () => {
      const manager = await start();
      const { app, recoveryCodes, person } = await enrolled(manager);
      await person.send("POST", "/session/recovery-codes", { code: app.next() });
      await person.send("DELETE", "/session/totp", { code: app.next() });
      expect(typesOf(manager.events)).toEqual([
        ...["session.opened", "totp.enrolled", "totp.recovery_codes_made", "totp.removed"],
      ]);
      expect(manager.events.every(({ audit }) => audit === true)).toBe(true);
      const told = JSON.stringify(manager.events) + manager.lines.join("");
      expect(recoveryCodes.filter((code) => told.includes(code))).toEqual([]);
    });
  });
});
