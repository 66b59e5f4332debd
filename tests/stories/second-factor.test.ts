/**
 * A login by SSH that its owner approves in a browser: the gateway asks the notification service, which mails a link. Who says no
 * twice is not asked again, and an administrator hears of it.
 */
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createCertificateAuthority,
  documentQueries,
  fillSqlite,
  freePort,
  type MailServer,
  person,
  programPath,
  requirePrograms,
  sssdPrograms,
  sssdTurnTimeoutMs,
  startMailServer,
  startSssd,
  temporaryDirectory,
  until,
} from "../lab/index.ts";
import { type Sshd, sshdPrograms, startSshd } from "../lab/sshd.ts";
import { Machine } from "./machine.ts";
import { type Letter, Mailbox } from "./mailbox.ts";
import { Stopwatch } from "./stopwatch.ts";

const describe = requirePrograms(
  { openssl: "openssl", chromium: "chromium", ...sssdPrograms, ...sshdPrograms },
  { root: true },
);

const user = person("ann", 2001, { gidNumber: 3001 });
const apiKey = "the-gateways-key-for-approvals";
const postOffice = { user: "espalier@example.com", password: "of the mail server" };
const addresses = { user: "ann@example.com", administrator: "admin@example.com" };
const hourMs = 3_600_000;
const stepTimeoutMs = 90_000;

const granted = { exitCode: 0, stdout: "uid=2001(ann) gid=3001(staff) groups=3001(staff)\n" };
const refused = {
  ...{ exitCode: 255, stdout: "" },
  stderr: "ann@127.0.0.1: Permission denied (publickey,keyboard-interactive).\r\n",
};

interface Event {
  readonly type: string;
  readonly time: number;
  readonly data: Readonly<Record<string, unknown>>;
}

describe("a second factor for SSH", () => {
  const resources = new AsyncDisposableStack();
  const stopwatch = new Stopwatch("A second factor");
  let machine: Machine;
  let sshd: Sshd;
  let mail: MailServer;
  let own: Mailbox;
  let administrators: Mailbox;
  let browser: Browser;

  beforeAll(async () => {
    const directory = resources.use(await temporaryDirectory("second-factor"));
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("server", ["ldap1", "localhost"]);
    mail = resources.use(await startMailServer({ certificate, ...postOffice }));
    own = new Mailbox(mail, addresses.user);
    administrators = new Mailbox(mail, addresses.administrator);
    const { SQL_URI: url } = fillSqlite(directory.file("people.db"), {
      users: [user],
      groups: [{ name: "staff", gidNumber: 3001, members: [user.username] }],
    });
    const queries = documentQueries("sqlite");
    const [gatewayPort, notifyPort] = [await freePort(), await freePort()];
    const channel = { kind: "mail", host: "localhost", port: mail.port, ...postOffice };
    const configuration = {
      gateway: {
        base: "dc=example,dc=com",
        listen: [`ldaps://127.0.0.1:${gatewayPort}`],
        tls: { certPath: certificate.certificate, keyPath: certificate.privateKey },
        sql: {
          url,
          queries: {
            allUsers: queries.SQL_QUERY_ALL_USERS,
            oneUser: queries.SQL_QUERY_ONE_USER,
            allGroups: queries.SQL_QUERY_ALL_GROUPS,
            groupsByMember: queries.SQL_QUERY_GROUPS_BY_MEMBER,
          },
        },
        requireAuthForSearch: false,
        authBackends: ["sql", "notification"],
        notification: { url: `http://127.0.0.1:${notifyPort}/send-notification`, apiKey },
      },
      notify: {
        listen: `127.0.0.1:${notifyPort}`,
        publicUrl: `http://127.0.0.1:${notifyPort}`,
        canary: "off",
        approvals: { keys: [apiKey] },
        channels: {
          ann: { ...channel, to: [addresses.user] },
          administrators: { ...channel, to: [addresses.administrator] },
        },
        routes: [
          { match: { type: "approval.requested", subject: "ann" }, channels: ["ann"] },
          { match: { type: "approval.*", severity: "high+" }, channels: ["administrators"] },
        ],
      },
    };
    const environment = { NODE_EXTRA_CA_CERTS: authority.certificate };
    machine = resources.use(await Machine.start({ service: "up", configuration, environment }));
    const sssd = resources.use(
      await startSssd({
        services: ["nss", "pam", "ssh"],
        hosts: { ldap1: "127.0.0.1" },
        settings: {
          ...{ id_provider: "ldap", auth_provider: "ldap", ldap_uri: `ldaps://ldap1:${gatewayPort}` },
          ...{ ldap_tls_reqcert: "demand", ldap_tls_cacert: authority.certificate, ldap_opt_timeout: "60" },
        },
      }),
    );
    sshd = resources.use(await startSshd());
    await until("SSSD to find the user", () => sssd.passwd(user.username), { timeoutMs: 30_000 });
    browser = await chromium.launch({ executablePath: programPath("chromium"), args: ["--no-sandbox"] });
    resources.defer(() => browser.close());
  }, sssdTurnTimeoutMs);
  afterAll(async () => {
    stopwatch.print();
    await resources.disposeAsync();
  });

  const login = () => sshd.run(user.username, { password: user.password }, "id");

  /** Follows the link of the mail, on a phone, and presses the button. Resolves to the heading of what is shown then. */
  async function answer({ lines }: Letter, button: string): Promise<string | null> {
    const link = lines[lines.indexOf("Approve or reject:") + 1] ?? "";
    const page = await browser.newPage({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    try {
      await page.goto(link);
      await page.getByText("Somebody with your password wants to log in.").waitFor();
      await page.getByRole("button", { name: button, exact: true }).tap();
      return await page.getByRole("heading", { level: 1 }).filter({ hasNotText: "Is this you?" }).textContent();
    } finally {
      await page.close();
    }
  }

  /** A login whose owner presses that button. Resolves to what the page said, and what the client printed. */
  async function loginAnswered(button: string) {
    const ssh = login();
    const letter = await stopwatch.time(`from SSH to the mail (${button})`, () => own.read());
    expect(letter.lines[0]).toBe("[medium] A login as ann from 127.0.0.1 (ldap) waits for your answer");
    const said = await stopwatch.time(`from the mail to the answer (${button})`, () => answer(letter, button));
    return { said, ssh: await stopwatch.time(`from the answer to the end of SSH (${button})`, () => ssh) };
  }

  async function eventsOf(subject: string): Promise<Event[]> {
    const { stdout } = await machine.command("events", "list", "--json", "--oldest-first", "--subject", subject);
    return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Event]));
  }

  it(
    "lets in whose owner approves it in a browser",
    async () => {
      expect(await loginAnswered("Approve")).toMatchObject({ said: "Approved", ssh: granted });
    },
    stepTimeoutMs,
  );

  it(
    "asks nobody about a wrong password",
    async () => {
      expect(await sshd.run(user.username, { password: "wrong" }, "id")).toEqual(refused);
      expect(own.unread).toEqual([]);
    },
    stepTimeoutMs,
  );

  it(
    "refuses as a wrong password whose owner rejects it in a browser",
    async () => {
      expect(await loginAnswered("Reject")).toEqual({ said: "Rejected", ssh: refused });
      expect(administrators.unread).toEqual([]);
    },
    stepTimeoutMs,
  );

  it(
    "is a security event when it is rejected twice, of which an administrator is told",
    async () => {
      expect(await loginAnswered("Reject")).toEqual({ said: "Rejected", ssh: refused });
      const events = await eventsOf(user.username);
      expect(events.map(({ type }) => type)).toEqual([
        ...["approval.requested", "approval.approved", "approval.requested", "approval.rejected"],
        ...["approval.requested", "approval.rejected", "approval.locked"],
      ]);
      const locked = events.at(-1)!;
      const until = new Date(Date.parse(String(locked.data.until)));
      const summary =
        "ann has said no to 2 logins within an hour and is not asked again for an hour: somebody may have the password";
      const fix =
        "Ask them whether it was them that tried, and have the password changed if not. `espalier notify approvals unlock` lets them be asked again.";
      expect(locked).toEqual({
        ...{ id: expect.any(String), position: expect.any(Number), time: expect.any(Number) },
        ...{ type: "approval.locked", severity: "high", subject: "ann", source: "notify", audit: true },
        data: {
          ...{ realm: "dc=example,dc=com", service: "ldap", address: "127.0.0.1" },
          ...{ reason: "rejected too often", until: until.toISOString(), summary, fix },
        },
        link: { number: 7, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      });
      expect(Math.abs(until.getTime() - locked.time - hourMs)).toBeLessThan(1_000);

      const letter = await stopwatch.time("from the event to the administrator's mail", () => administrators.read());
      expect(letter.lines.filter((line) => line !== "")).toEqual([
        `[high] ${summary}`,
        `${new Date(locked.time).toISOString()}  high  approval.locked`,
        `  ${summary}`,
        ...["  subject: ann", "  source: notify", "  address: 127.0.0.1", `  fix: ${fix}`],
        ...["  realm: dc=example,dc=com", "  reason: rejected too often", "  service: ldap"],
        `  until: ${until.toISOString()}`,
      ]);
    },
    stepTimeoutMs,
  );

  it(
    "refuses without asking from then on, until an administrator says otherwise",
    async () => {
      expect(await stopwatch.time("SSH, refused without asking", login)).toEqual(refused);
      expect([own.unread, administrators.unread]).toEqual([[], []]);
      const { exitCode, stdout } = await machine.command("notify", "approvals", "unlock", user.username);
      expect([exitCode, stdout]).toEqual([
        0,
        "ann is asked again. Make sure that nobody else has the password any more.\n",
      ]);
      expect(await loginAnswered("Approve")).toMatchObject({ said: "Approved", ssh: granted });
    },
    stepTimeoutMs,
  );

  it(
    "leaves a trail that nobody has changed",
    async () => {
      const types = (await eventsOf(user.username)).map(({ type }) => type);
      expect(types.slice(-3)).toEqual(["approval.unlocked", "approval.requested", "approval.approved"]);
      const { exitCode, stdout } = await machine.command("events", "verify");
      expect([exitCode, stdout.split("\n")[0]]).toEqual([0, `The audit trail is whole: ${types.length} links.`]);
    },
    stepTimeoutMs,
  );
});
