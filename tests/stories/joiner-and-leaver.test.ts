/**
 * A person joins a company and leaves it: added and put into groups in the browser, logging in by SSH through PAM, SSSD and the
 * proxy with what was given there, and kept out by both password and key as soon as somebody disables the account in the browser.
 */
import { readFile } from "node:fs/promises";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { signIn } from "../browser/screens.ts";
import {
  createCertificateAuthority,
  freePort,
  programPath,
  requirePrograms,
  type Sssd,
  sssdPrograms,
  sssdTurnTimeoutMs,
  startSssd,
  succeed,
  temporaryDirectory,
  until,
} from "../lab/index.ts";
import { type Sshd, sshdPrograms, startSshd } from "../lab/sshd.ts";
import { company, companyCluster, type GroupName, startCompany } from "./company.ts";
import { Machine } from "./machine.ts";
import { Stopwatch } from "./stopwatch.ts";

const describe = requirePrograms(
  { slapd: "slapd", openssl: "openssl", chromium: "chromium", ...sssdPrograms, ...sshdPrograms },
  { root: true },
);

const newcomer = { uid: "nora", dn: `uid=nora,${company.people}`, password: "nora's first password" };
/** What only who is let in sees. */
const greeting = "uid=4000(nora) gid=3000(staff) groups=3000(staff),3001(engineers),3002(ssh)\n";
const granted = { exitCode: 0, stdout: greeting };
const stepTimeoutMs = 60_000;

interface AuditEvent {
  readonly type: string;
  readonly subject: string;
  readonly actor: string;
  readonly data: { readonly title?: string; readonly status?: string; readonly after?: object };
}

describe("a person who joins and leaves", () => {
  const resources = new AsyncDisposableStack();
  const stopwatch = new Stopwatch("A person joins and leaves");
  let machine: Machine;
  let pageUrl: string;
  let sssd: Sssd;
  let sshd: Sshd;
  let browser: Browser;
  /** Signed in as the administrator. */
  let page: Page;
  /** The newcomer's. */
  let key: string;

  beforeAll(async () => {
    const directory = resources.use(await temporaryDirectory("joiner"));
    key = directory.file("id_ed25519");
    await succeed("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "nora's laptop", "-f", key]);
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("server", ["ldap", "localhost", "127.0.0.1"]);
    const slapd = resources.use(await startCompany(certificate));
    const [managerPort, proxyPort] = [await freePort(), await freePort()];
    pageUrl = `http://127.0.0.1:${managerPort}`;
    const configuration = {
      clusters: [companyCluster(slapd, certificate)],
      manager: { listen: `127.0.0.1:${managerPort}` },
      proxy: {
        listen: [`ldaps://127.0.0.1:${proxyPort}`],
        tls: { certPath: certificate.certificate, keyPath: certificate.privateKey },
        tiers: [{ backends: [{ name: "ldap1", url: slapd.ldapsUrl }] }],
        upstream: { caPath: certificate.authority },
      },
    };
    machine = resources.use(await Machine.start({ service: "up", configuration }));
    sssd = resources.use(
      await startSssd({
        services: ["nss", "pam", "ssh"],
        hosts: { ldap: "127.0.0.1" },
        settings: {
          ...{ id_provider: "ldap", auth_provider: "ldap", access_provider: "ldap", ldap_schema: "rfc2307bis" },
          ...{
            ldap_uri: `ldaps://ldap:${proxyPort}`,
            ldap_tls_reqcert: "demand",
            ldap_tls_cacert: authority.certificate,
          },
          ldap_search_base: company.baseDn,
          ldap_access_order: "filter",
          ldap_access_filter: `(&(memberOf=cn=ssh,${company.groups})(!(pwdAccountLockedTime=000001010000Z)))`,
        },
      }),
    );
    sshd = resources.use(await startSshd());
    await until("SSSD to find a group", () => sssd.group("staff"), { timeoutMs: 30_000 });
    browser = await chromium.launch({ executablePath: programPath("chromium"), args: ["--no-sandbox"] });
    resources.defer(() => browser.close());
  }, sssdTurnTimeoutMs);
  afterAll(async () => {
    stopwatch.print();
    await resources.disposeAsync();
  });

  /** A browser of somebody's own, in which they have signed in. */
  async function openPage({ uid, password }: { readonly uid: string; readonly password: string }): Promise<Page> {
    const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" });
    context.setDefaultTimeout(20_000);
    const opened = await context.newPage();
    await opened.goto(pageUrl);
    await signIn(opened, uid, password);
    return opened;
  }

  async function audit(): Promise<AuditEvent[]> {
    const { exitCode, stdout, stderr } = await machine.command(
      ...["events", "list", "--audit", "--json", "--oldest-first", "--limit", "1000"],
    );
    expect([exitCode, stderr]).toEqual([0, ""]);
    return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as AuditEvent]));
  }

  it(
    "is added by an administrator in the browser, with a password and an SSH key",
    async () => {
      page = await stopwatch.time("the administrator signs in", () => openPage(company.administrator));
      const publicKey = (await readFile(`${key}.pub`, "utf8")).trim();
      await stopwatch.time("the person is added", async () => {
        await page.getByRole("link", { name: "Users" }).click();
        await page.getByRole("button", { name: "Add a user" }).click();
        const dialog = page.getByRole("dialog", { name: "Add a user" });
        await dialog.getByLabel("Login name").fill(newcomer.uid);
        await dialog.getByLabel("Full name").fill("Nora Newcomer");
        await dialog.getByLabel("Surname").fill("Newcomer");
        await dialog.getByRole("textbox", { name: "Password" }).fill(newcomer.password);
        await dialog.getByLabel("SSH key").fill(publicKey);
        await dialog.getByRole("button", { name: "Look at the change…" }).click();
        await dialog.getByText(`dn: ${newcomer.dn}`).waitFor();
        expect(await dialog.textContent()).not.toContain(newcomer.password);
        await dialog.getByRole("button", { name: "Add", exact: true }).click();
        await page.getByRole("heading", { level: 1, name: "Nora Newcomer" }).waitFor();
      });
    },
    stepTimeoutMs,
  );

  it(
    "is in the groups that the administrator has put them into",
    async () => {
      await page.getByRole("tab", { name: "Groups" }).click();
      const join = async (group: GroupName) => {
        await page.getByRole("combobox", { name: "Group to join" }).fill(group);
        await page.getByRole("option", { name: `cn=${group},${company.groups}` }).click();
        await page.getByRole("button", { name: "Add to this group" }).click();
        await page.getByRole("button", { name: `Take out of ${group}` }).waitFor();
      };
      await stopwatch.time("the person is put into two groups", async () => {
        await join("engineers");
        await join("ssh");
      });
    },
    stepTimeoutMs,
  );

  it(
    "logs in by SSH with that password, and with that key, as a member of those groups",
    async () => {
      const byPassword = await stopwatch.time("SSH by password", () =>
        sshd.run(newcomer.uid, { password: newcomer.password }, "id"),
      );
      const byKey = await stopwatch.time("SSH by key", () => sshd.run(newcomer.uid, { key }, "id"));
      expect([byPassword, byKey]).toMatchObject([granted, granted]);
    },
    stepTimeoutMs,
  );

  it(
    "is disabled by a colleague in the browser",
    async () => {
      const helper = await stopwatch.time("a colleague signs in", () => openPage(company.helper));
      await stopwatch.time("the person is disabled", async () => {
        await helper.goto(`${pageUrl}/c/company/users?q=${newcomer.uid}`);
        await helper.getByRole("checkbox", { name: `Select ${newcomer.dn}` }).check();
        await helper.getByRole("button", { name: "Disable…" }).click();
        const dialog = helper.getByRole("dialog", { name: "Disable" });
        await dialog.getByRole("button", { name: "Look at the change…" }).click();
        await dialog.getByText("pwdAccountLockedTime").first().waitFor();
        await dialog.getByRole("button", { name: "Disable", exact: true }).click();
        await dialog.getByRole("button", { name: "Done" }).click();
      });
      await helper.context().close();
    },
    stepTimeoutMs,
  );

  it(
    "is refused by SSH from then on, by password and by key",
    async () => {
      const byPassword = await stopwatch.time("SSH by password, refused", () =>
        sshd.run(newcomer.uid, { password: newcomer.password }, "id"),
      );
      const byKey = await stopwatch.time("SSH by key, refused", () => sshd.run(newcomer.uid, { key }, "id"));
      expect([byPassword, byKey]).toEqual([
        {
          ...{ exitCode: 255, stdout: "" },
          stderr: "nora@127.0.0.1: Permission denied (publickey,keyboard-interactive).\r\n",
        },
        // The key is right: it is the account that PAM does not let in.
        { exitCode: 255, stdout: "", stderr: `Connection closed by 127.0.0.1 port ${sshd.port}\r\n` },
      ]);
      expect(sshd.log()).toContain("Access denied for user nora by PAM account configuration");
    },
    stepTimeoutMs,
  );

  it(
    "has left a trail that says who did what, which nobody has changed",
    async () => {
      const events = await stopwatch.time("the audit trail is listed", audit);
      const [ada, hugo] = [company.administrator.dn, company.helper.dn];
      expect(events.map(({ type, subject, actor, data: { title } }) => [type, subject, actor, title])).toEqual([
        ["session.opened", ada, ada, undefined],
        ["entry.added", newcomer.dn, ada, `Add ${newcomer.dn}`],
        ["password.changed", newcomer.dn, ada, `Add ${newcomer.dn}`],
        ["entry.modified", `cn=engineers,${company.groups}`, ada, `Change the groups of ${newcomer.dn}`],
        ["entry.modified", `cn=ssh,${company.groups}`, ada, `Change the groups of ${newcomer.dn}`],
        ["session.opened", hugo, hugo, undefined],
        ["entry.modified", newcomer.dn, hugo, `Disable ${newcomer.dn}`],
      ]);
      const changes = events.filter(({ type }) => !type.startsWith("session."));
      expect(changes.map(({ data: { status } }) => status)).toEqual(changes.map(() => "applied"));
      expect(changes.map(({ data: { after } }) => after)).toEqual([
        ...[undefined, undefined, { member: [newcomer.dn] }, { member: [newcomer.dn] }],
        { pwdAccountLockedTime: ["000001010000Z"] },
      ]);
      expect(JSON.stringify(events)).not.toContain(newcomer.password);
      const { exitCode, stdout } = await stopwatch.time("the audit trail is verified", () =>
        machine.command("events", "verify"),
      );
      expect([exitCode, stdout.split("\n")[0]]).toEqual([0, `The audit trail is whole: ${events.length} links.`]);
    },
    stepTimeoutMs,
  );

  it(
    "is in the timeline of the browser with the same",
    async () => {
      await stopwatch.time("the timeline is looked at", async () => {
        await page.goto(`${pageUrl}/timeline?type=entry.*`);
        const lines = page.getByText(/ by .*, entry\./);
        await lines.nth(3).waitFor();
        const who = (await lines.allTextContents()).map((line) => line.replace(/^.* by /, ""));
        expect(who).toEqual([
          `${company.helper.dn}, entry.modified from manager`,
          `${company.administrator.dn}, entry.modified from manager`,
          `${company.administrator.dn}, entry.modified from manager`,
          `${company.administrator.dn}, entry.added from manager`,
        ]);
      });
    },
    stepTimeoutMs,
  );
});
