/** Exports, imports and passwords of 389 Directory Server. */
import {
  createCertificateAuthority,
  type Directory389,
  requirePrograms,
  runCommand,
  type ServerCertificate,
  startDirectory389,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type Served, type ServedOptions, serve } from "./served.ts";

const describe = requirePrograms({ "ns-slapd": "389-ds-base", ldapmodify: "ldap-utils", openssl: "openssl" });

const baseDn = "dc=example,dc=com";
const people = `ou=people,${baseDn}`;
const unit = `dn: ${people}\nobjectClass: organizationalUnit\nou: people\n`;

function user(uid: string): string {
  return `dn: uid=${uid},${people}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\ncn;lang-de: ä${uid}\nsn: ${uid}\njpegPhoto:: AP8=\n`;
}

describe("389 Directory Server", () => {
  let cleanup: AsyncDisposableStack;
  let source: Directory389;
  let target: Directory389;
  let certificate: ServerCertificate;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    const files = cleanup.use(await temporaryDirectory("transfer"));
    certificate = await (await createCertificateAuthority(files.path)).issue("server", ["127.0.0.1"]);
    source = cleanup.use(await startDirectory389({ certificate }));
    target = cleanup.use(await startDirectory389());
  });
  afterAll(() => cleanup.disposeAsync());

  async function served(
    { port, rootDn, rootPassword }: Directory389,
    more: Partial<ServedOptions> = {},
  ): Promise<Served> {
    const as = { dn: rootDn, password: rootPassword };
    const made = await serve({ host: "127.0.0.1", port, as, base_dn: baseDn, ...more });
    onTestFinished(() => made[Symbol.asyncDispose]());
    return made;
  }
  const change = async ({ url, rootPassword, rootDn }: Directory389, input: string) => {
    const { exitCode, stderr } = await runCommand("ldapmodify", ["-x", "-H", url, "-D", rootDn, "-w", rootPassword], {
      input,
    });
    if (exitCode !== 0) throw new Error(stderr);
  };

  it.each(["ldif", "csv"])(
    "gives what another one takes, as %s, without what each makes itself",
    { timeout: 120_000 },
    async (format) => {
      const from = await served(source);
      const to = await served(target);
      const file = [unit, ...Array.from({ length: 300 }, (_, index) => user(`user${index}`))].join("\n");
      const query = { mode: "update", continues: "true" };
      expect((await from.imported(file, query)).body).toMatchObject({ state: "done", errorCount: 0 });
      const exported = await from.exported({ base: people, format, operational: "true" });
      const { body } = await to.imported(exported, { ...query, type: `text/${format}` });
      expect(body).toMatchObject({ state: "done", errors: [], progress: { read: 301, failed: 0 } });
      const sorted = (text: string) => text.split(/\r?\n\r?\n/).sort();
      expect(sorted(await to.exported({ base: people }))).toEqual(sorted(await from.exported({ base: people })));
    },
  );

  it("says what it would refuse before it does", async () => {
    const { imported } = await served(source);
    const file = `${user("max")}\n${user("tom")}favouriteTea: green\n`;
    const { body } = await imported(file, { dryRun: "true" });
    expect(body.errors).toMatchObject([
      { line: 9, message: "The directory does not know the attribute favouriteTea." },
    ]);
  });

  it("has a state of passwords, and of its policy", async () => {
    await change(
      source,
      [
        "dn: cn=config\nchangetype: modify",
        ...[
          "passwordLockout: on",
          "passwordMaxFailure: 2",
          "passwordLockoutDuration: 600",
          "passwordExp: on",
          "passwordMaxAge: 864000",
          "passwordMustChange: off",
          "passwordTrackUpdateTime: on",
        ].map((setting) => `replace: ${setting.split(":")[0]}\n${setting}\n-`),
        "",
      ].join("\n"),
    );
    // It sets passwords over encrypted connections alone.
    const tls = { mode: "starttls", ca_file: certificate.authority } as const;
    const { imported, ask } = await served(source, { tls });
    await imported([unit, user("pat")].join("\n"), { mode: "update" });
    const dn = `uid=pat,${people}`;
    const path = "/clusters/main/password";
    const read = async () => (await ask("GET", `${path}?dn=${encodeURIComponent(dn)}`)).body;
    expect(await read()).toMatchObject({ set: false, schemes: [] });
    const { body } = await ask("POST", path, { dn, generate: true });
    expect(body.generatedPassword).toMatch(/^[\w-]{23}$/);
    const whoami = (password: string) => runCommand("ldapwhoami", ["-x", "-H", source.url, "-D", dn, "-w", password]);
    expect((await whoami(body.generatedPassword)).exitCode).toBe(0);
    expect(await read()).toMatchObject({
      ...{ set: true, mustChange: false, locked: false, disabled: false },
      ...{ changedAt: expect.stringMatching(/^20/), expiresAt: expect.stringMatching(/^20/) },
      policy: { dn: "cn=config", maxFailures: 2, lockoutSeconds: 600, maxAgeSeconds: 864_000 },
    });
    for (let count = 0; count < 3; count += 1) await whoami("wrong");
    const locked = await read();
    expect(locked).toMatchObject({ locked: true, failures: 2, lockedUntil: expect.stringMatching(/^20/) });
    expect(Math.abs(Date.parse(locked.lockedUntil) - Date.now() - 600_000)).toBeLessThan(60_000);
  });
});
