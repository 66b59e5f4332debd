/**
 * `espalier check` over what five documents tell of real deployments: a review's fifteen items, and the faults of the advice that came
 * with them. The files in fixtures/review are written anew from those facts.
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnvironment, createCertificateAuthority, requirePrograms } from "@espalier/tests/lab";
import { beforeAll, describe as describeAlways, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";

const describe = requirePrograms({ openssl: "openssl" });
const command = fileURLToPath(new URL("../packages/espalier/bin/espalier.mjs", import.meta.url));
const fixtures = fileURLToPath(new URL("./fixtures/review", import.meta.url));

interface Finding {
  readonly rule: string;
  readonly severity: string;
  readonly subject: string;
  readonly message: string;
  readonly fix: string;
  readonly fixability: string;
  readonly fingerprint: string;
  readonly baseline?: string;
  readonly suppressed?: { readonly reason: string };
  readonly location?: { readonly file: string };
}

interface Report {
  readonly summary: { readonly findings: Readonly<Record<string, number>> };
  readonly findings: readonly Finding[];
  readonly unreadable: readonly unknown[];
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "espalier-review-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The fixtures, and what cannot lie in a repository: secrets, their modes, and a certificate that ends in six days. */
async function review(path: string): Promise<void> {
  cpSync(fixtures, path, { recursive: true });
  const secret = (file: string, text: string) => {
    writeFileSync(join(path, file), text);
    chmodSync(join(path, file), 0o600);
  };
  secret("cluster/.env", "ADMIN_PASSWORD=kV9sLq3TzW8xYb2N\n");
  secret("webhooks/.env", "WEBHOOK_SECRET=aR7nJ2mQv5XcP1Lk\nSMTP_PASSWORD=Zt4Hw8Eg6Ub3Fy9D\n");
  mkdirSync(join(path, "certs"));
  const made = mkdtempSync(join(tmpdir(), "espalier-review-certs-"));
  const authority = await createCertificateAuthority(made);
  const { certificate } = await authority.issue("login", ["login.meadow.example"], 6);
  cpSync(certificate, join(path, "certs/login.crt"));
  rmSync(made, { recursive: true });
}

function check(path: string, ...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, "check", ...parameters], {
    cwd: path,
    env: childEnvironment(),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return { exitCode: status, stdout, stderr };
}

function reportOf(path: string, ...parameters: string[]): Report {
  const { stdout, stderr, exitCode } = check(path, "--format", "json", ...parameters);
  expect([stderr, exitCode]).toEqual(["", expect.toBeOneOf([0, 1])]);
  return JSON.parse(stdout) as Report;
}

/** The items of the review, by its numbers: what it is about, the rule that finds it, in what, and what it says. */
const items: readonly (readonly [string, string, string, string | RegExp])[] = [
  ["1: a privileged container", "CMP001", "hypervisor", /^hypervisor is privileged/],
  ["2: services without limits", "CMP003", "events", "events has no memory and no processor limit"],
  ["2: services without limits", "CMP003", "vectors", "vectors has no memory and no processor limit"],
  ["2: services without limits", "CMP003", "cache", "cache has no memory and no processor limit"],
  ["2: services without limits", "CMP003", "accounts", "accounts has no memory and no processor limit"],
  [
    "3: the administrator's password in a healthcheck",
    "SEC001",
    "ldap",
    /^ldap's healthcheck gives ldapsearch a secret/,
  ],
  ["4: a template that was rendered without a value", "TPL001", "cluster/mail/main.conf", /\{\{MAIL_DOMAIN\}\}/],
  [
    "5: a host key that is trusted at first sight",
    "SSH001",
    "cluster/scripts/trust-host.sh",
    /stores those of the first/,
  ],
  ["6: sessions that are remembered for a month", "AUT001", "cluster/authelia/configuration.yml", /1M \(30 days\)/],
  ["7: a socket proxy that lets containers be made", "CMP010", "docker-proxy-admin", /lets containers be created/],
  ["8: mail ports that the internet reaches", "CMP013", "mail", "mail publishes 25 (mail) on all interfaces"],
  ["8: mail ports that the internet reaches", "CMP013", "mail", "mail publishes 993 (mail) on all interfaces"],
  [
    "9: backups that nobody has tried",
    "BKP003",
    "cluster/scripts/backup.sh",
    /tar copies the files of ldap .* and postgres/,
  ],
  ["9: a database in no backup", "BKP001", "accounts", /accounts_data.* is in no backup job$/],
  ["10: logs that are gone with their containers", "OBS004", "cluster/compose.yaml", /nothing collects them$/],
  ["10: logs that grow without end", "CMP016", "events", "the log of events grows without end"],
  [
    "11: nobody is told that something is not healthy",
    "OBS001",
    "cluster/monitoring/prometheus.yml",
    /nothing ever alerts$/,
  ],
  [
    "12: a bootstrap file with other hashes",
    "LDP002",
    "cn=admin,dc=meadow,dc=example",
    /would get another password hash/,
  ],
  ["13: a password in init SQL", "SEC004", "accounts", /has the password of reports written into it$/],
  ["14: metrics that nobody reads", "OBS001", "cluster/authelia/configuration.yml", /nothing scrapes them$/],
  ["15: a certificate whose renewal has failed", "TLS003", "certs/login.crt", /expires in [56] days/],
];

/** Where the documents' advice is wrong itself. */
const wrongAdvice: typeof items = [
  ["switches that a socket proxy does not have", "CMP010", "docker-proxy-admin", /sets START, .* it does nothing$/],
  ["switches that a socket proxy does not have", "CMP010", "docker-proxy-admin", /sets DELETE, .* it does nothing$/],
  ["a variable in SQL that nobody fills in", "SEC004", "accounts", /becomes the text \$\{DASHBOARDS_DB_PASSWORD\}$/],
  ["a fingerprint that is never equal", "SSH001", "cluster/scripts/trust-host.sh", /whole line of ssh-keygen -l/],
  ["an archive of files that change", "BKP003", "cluster/scripts/backup.sh", /while they run$/],
  ["confinement switched off to harden", "CMP007", "webhooks", "webhooks runs with seccomp:unconfined"],
  ["fields that Alertmanager does not have", "OBS002", "webhooks/monitoring/alertmanager.yml", /no field subject$/],
  ["a ratio that is always one", "OBS003", "webhooks/monitoring/rules.yml", /each series is divided by itself/],
  ["panels that are no more", "OBS003", "webhooks/monitoring/dashboard.json", /singlestat/],
  ["groups that no client begins with", "TLS005", "webhooks/traefik/dynamic.yml", /neither X25519 nor P-256/],
  ["secrets in the environment", "SEC002", "webhooks", /WEBHOOK_SECRET/],
  ["an image that is another one tomorrow", "CMP014", "directory-manager", /:latest/],
  ["an origin of anybody's own machine", "WEB001", "directory-manager", /localhost:5173/],
  ["a directory spoken to in clear text", "LDP004", "Meadow", /in clear text$/],
  ["a key that means nothing any more", "CMP018", "manager/compose.yaml", "the key version means nothing any more"],
];

describe("the deployments of the documents", () => {
  let report: Report;

  beforeAll(async () => {
    const path = mkdtempSync(join(tmpdir(), "espalier-review-"));
    await review(path);
    report = reportOf(path);
    rmSync(path, { recursive: true });
  });

  it.each([...items, ...wrongAdvice])("%s: %s in %s", (_, rule, subject, message) => {
    const own = report.findings.filter((finding) => finding.rule === rule && finding.subject === subject);
    const messages = own.map((finding) => finding.message);
    expect(messages).toContainEqual(typeof message === "string" ? message : expect.stringMatching(message));
  });

  it("are read as a whole", () => {
    expect(report.unreadable).toEqual([]);
  });

  it("are not told that something is wrong where it is right", () => {
    const of = (subject: string) =>
      report.findings.filter((finding) => finding.subject === subject).map(({ rule }) => rule);
    expect(of("docker-proxy").filter((rule) => rule === "CMP010" || rule === "CMP009")).toEqual([]);
    expect(of("postgres").filter((rule) => ["CMP003", "CMP016", "CMP015", "BKP001"].includes(rule))).toEqual([]);
    expect(of("ldap")).not.toContain("CMP003");
    expect(of("directory-manager").filter((rule) => ["CMP003", "CMP005", "CMP015", "CMP016"].includes(rule))).toEqual(
      [],
    );
  });

  it("are never told to throw a directory away, nor what the wrong advice says", () => {
    const fixes = report.findings.map(({ fix }) => fix).join("\n");
    expect(fixes).not.toMatch(/rm -rf|volumes\/ldap|down -v|seccomp[:=]unconfined$|apparmor[:=]unconfined|tar -tz/m);
    expect(fixes).not.toMatch(/^\s*-? ?(?:START|STOP|RESTART|DELETE)[=:]/m);
    expect(fixes).not.toMatch(/IDENTIFIED BY '\$\{/);
  });

  it("show no secret, in no format", async () => {
    const path = folder();
    await review(path);
    const secrets = /kV9sLq3TzW8xYb2N|aR7nJ2mQv5XcP1Lk|Zt4Hw8Eg6Ub3Fy9D|plum-orchard-1874|T2xkU2Fs|N3c0S2Fs/;
    for (const format of ["human", "json", "sarif", "junit", "markdown", "github", "gitlab"]) {
      expect(check(path, "--format", format, "--all").stdout).not.toMatch(secrets);
    }
  });
});

/** What a fix may add to or take from a service, or change in it. */
const intended = [
  "security_opt",
  "cap_drop",
  "read_only",
  "tmpfs",
  "logging",
  "ports",
  "restart",
  "pids_limit",
  "labels",
];

interface Model {
  readonly services: Record<string, Service>;
  readonly version?: unknown;
}

interface Service {
  readonly [key: string]: unknown;
  readonly deploy?: { readonly resources?: { readonly limits?: { pids?: number } } };
}

function withoutIntended(text: string): unknown {
  const { version: _, services, ...rest } = parse(text, { merge: true }) as Model;
  const bare = Object.entries(services).map(([name, service]) => {
    delete service.deploy?.resources?.limits?.pids;
    return [name, Object.fromEntries(Object.entries(service).filter(([key]) => !intended.includes(key)))];
  });
  return { ...rest, services: Object.fromEntries(bare) };
}

const composeFiles = ["cluster/compose.yaml", "manager/compose.yaml", "webhooks/compose.yaml"];

describe("after --fix=all", () => {
  it("a second run has none of what was put right, and compose files say what they said but for what was meant", async () => {
    const path = folder();
    await review(path);
    const read = (file: string) => readFileSync(join(path, file), "utf8");
    const before = reportOf(path, "--profile", "strict");
    const texts = composeFiles.map(read);
    const { stderr } = check(path, "--profile", "strict", "--fix=all", "--format", "json");
    expect(stderr).toMatch(/^Put right: \d+ findings in /);
    const after = reportOf(path, "--profile", "strict");

    const fixable = before.findings.filter(({ fixability }) => fixability !== "none");
    expect(fixable.length).toBeGreaterThan(40);
    expect(Number(/\d+/.exec(stderr)?.[0])).toBe(fixable.length);
    expect(after.findings.filter(({ fixability }) => fixability !== "none")).toEqual([]);
    const keys = new Set(after.findings.map(({ fingerprint }) => fingerprint));
    expect(fixable.filter(({ fingerprint }) => keys.has(fingerprint))).toEqual([]);

    for (const [index, file] of composeFiles.entries()) {
      expect(withoutIntended(read(file))).toEqual(withoutIntended(texts[index]!));
      const commentsOf = (text: string): readonly string[] => text.match(/#.*$/gm) ?? [];
      expect(commentsOf(read(file))).toEqual(commentsOf(texts[index]!));
    }
    expect(read("cluster/compose.yaml")).toContain("    logging: *logging\n");
    expect(read("cluster/authelia/configuration.yml")).toContain("  remember_me: 7d # 6: a month\n");
    expect(read("webhooks/compose.yaml")).not.toContain("seccomp");
    expect(read("manager/compose.yaml")).not.toContain("version:");
  });

  it("--diff shows the same and changes nothing", async () => {
    const path = folder();
    await review(path);
    const before = composeFiles.map((file) => readFileSync(join(path, file), "utf8"));
    const { stdout } = check(path, "--fix=all", "--diff");
    expect(composeFiles.map((file) => readFileSync(join(path, file), "utf8"))).toEqual(before);
    check(path, "--fix=all");
    const patched = folder();
    await review(patched);
    const patch = spawnSync("patch", ["-p1", "-s"], { cwd: patched, input: stdout, encoding: "utf8" });
    expect([patch.status, patch.stdout]).toEqual([0, ""]);
    for (const file of composeFiles) {
      expect(readFileSync(join(patched, file), "utf8")).toBe(readFileSync(join(path, file), "utf8"));
    }
  });
});

describeAlways("the command", () => {
  const clean =
    "services:\n  web:\n    image: nginx@sha256:4c0fdaa8b6341bfdeca5f18f7837462c80cff90527ee35ef185571e1c327beac\n";
  const privileged = `${clean}    privileged: true\n`;
  const lab = ["--profile", "lab"];
  const write = (path: string, files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    return path;
  };

  it("ends with 0 where nothing is found that is so severe, with 1 where something is", () => {
    const path = write(folder(), { "compose.yaml": privileged });
    expect(check(path, ...lab).exitCode).toBe(1);
    expect(check(path, ...lab, "--fail-on", "never").exitCode).toBe(0);
    write(path, { "compose.yaml": clean });
    expect(check(path, ...lab)).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: expect.stringMatching(/^Nothing found {2}\(1 file, \d+ rules, profile lab\)\n$/),
    });
  });

  it("ends with 2 for what it does not know", () => {
    const path = write(folder(), { "compose.yaml": clean });
    expect(check(path, "--format", "pdf").exitCode).toBe(2);
    expect(check(path, "--explain", "CMP999")).toMatchObject({ exitCode: 2, stdout: "" });
    expect(check(path, "-c", "missing.yaml")).toMatchObject({ exitCode: 2, stdout: "" });
    expect(check(path, "-o", "no/such/folder")).toMatchObject({ exitCode: 2, stdout: "" });
  });

  it("ends with 3 where something cannot be read, whatever is asked for", () => {
    const path = write(folder(), { "compose.yaml": "services: [\n" });
    const unreadable = check(path, ...lab, "--fail-on", "never");
    expect([unreadable.exitCode, unreadable.stdout]).toEqual([
      3,
      expect.stringContaining("Could not be read\n  compose.yaml:2:1\n"),
    ]);
    const missing = check(path, "nowhere");
    expect([missing.exitCode, missing.stdout]).toEqual([3, expect.stringContaining("there is no such file or folder")]);
  });

  it("ends with 3 where there is nothing that it knows: a report about nothing must not look clean", () => {
    expect(check(write(folder(), { "notes.txt": "nothing\n" }))).toEqual({
      exitCode: 3,
      stdout: "",
      stderr: "There is nothing in . that is known: no compose file, certificate or configuration.\n",
    });
  });

  it("needs no variable of the rest of the configuration, and takes its profile and what it excuses", () => {
    const path = write(folder(), {
      "compose.yaml": privileged,
      "espalier.yaml": `gateway: { sql: { uri: "\${SQL_URI}" } }
check:
  profile: lab
  suppressions:
    - { rule: CMP001, subject: web, reason: it is a machine for trying things out }
`,
    });
    const { findings } = reportOf(path, "compose.yaml");
    expect(findings.map(({ rule, suppressed }) => [rule, suppressed?.reason])).toEqual([
      ["CMP001", "it is a machine for trying things out"],
    ]);
    expect(check(path, "compose.yaml").exitCode).toBe(0);
  });

  it("refuses a suppression of the configuration without a reason", () => {
    const path = write(folder(), {
      "compose.yaml": privileged,
      "espalier.yaml": "check:\n  suppressions:\n    - { rule: CMP001 }\n",
    });
    expect(check(path)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("check.suppressions[0].reason") });
  });

  it("merges the compose files that it is given, in their order", () => {
    const path = write(folder(), {
      "base.yaml": privileged,
      "override.yaml": "services:\n  web:\n    privileged: false\n",
      "compose.yaml": privileged,
    });
    expect(reportOf(path, ...lab, "-f", "base.yaml").findings.map(({ rule }) => rule)).toContain("CMP001");
    expect(reportOf(path, ...lab, "-f", "base.yaml", "-f", "override.yaml").findings).toEqual([]);
  });

  it("takes the variables of a file that it is given", () => {
    const path = write(folder(), { "compose.yaml": `${clean}    user: "\${RUN_AS}"\n`, "other.env": "RUN_AS=1000\n" });
    const rules = (...parameters: string[]) => reportOf(path, ...lab, ...parameters).findings.map(({ rule }) => rule);
    expect(rules("compose.yaml")).toContain("TPL002");
    expect(rules("compose.yaml", "--env-file", "other.env")).not.toContain("TPL002");
  });

  it("writes a baseline, excuses what is in it until it changes, and prunes it", () => {
    const path = write(folder(), { "compose.yaml": privileged });
    const states = (...parameters: string[]) =>
      reportOf(path, ...lab, "compose.yaml", ...parameters).findings.map(({ rule, baseline }) => `${rule} ${baseline}`);
    expect(check(path, ...lab, "--write-baseline", "baseline.json").exitCode).toBe(0);
    expect(states("--baseline", "baseline.json")).toEqual(["CMP001 unchanged"]);
    expect(check(path, ...lab, "--baseline", "baseline.json").exitCode).toBe(0);
    write(path, { "compose.yaml": privileged.replace("web:", "page:") });
    expect(states("--baseline", "baseline.json")).toEqual(["CMP001 new"]);
    expect(check(path, ...lab, "--baseline", "baseline.json").exitCode).toBe(1);
    expect(states("--prune-baseline", "baseline.json")).toEqual(["CMP001 new"]);
    expect(JSON.parse(readFileSync(join(path, "baseline.json"), "utf8"))).toEqual({ version: 1, findings: [] });
    expect(check(path, "--baseline", "compose.yaml")).toMatchObject({
      ...{ exitCode: 3, stdout: "" },
      stderr: "The baseline compose.yaml cannot be read: it is not JSON.\n",
    });
  });

  it("writes no baseline where something could not be read", () => {
    const path = write(folder(), { "compose.yaml": "services: [\n", "baseline.json": "kept" });
    const { exitCode, stderr } = check(path, "--write-baseline", "baseline.json");
    expect([exitCode, stderr, readFileSync(join(path, "baseline.json"), "utf8")]).toEqual([
      3,
      expect.stringContaining("The baseline was not written"),
      "kept",
    ]);
  });

  it("takes a path behind --fix for what it is", () => {
    const path = write(folder(), { "compose.yaml": `version: "3"\n${clean}    restart: always\n` });
    const { stderr } = check(path, "--fix", "compose.yaml");
    expect(stderr).toMatch(/^Put right: \d findings? in compose\.yaml\.\n/);
    expect(readFileSync(join(path, "compose.yaml"), "utf8")).not.toContain("version");
  });

  it("lists the rules, and explains one", () => {
    const path = folder();
    const { rules } = JSON.parse(check(path, "--rules", "--format", "json").stdout) as { rules: { id: string }[] };
    expect(rules.length).toBeGreaterThan(66);
    expect(check(path, "--rules").stdout.trimEnd().split("\n").length).toBeGreaterThan(rules.length);
    expect(check(path, "--explain", "cmp001").stdout).toMatch(/^CMP001 {2}container is privileged\ncritical, /);
  });

  it("writes all of a large report into a pipe whose reader is slow", async () => {
    const services = Array.from({ length: 1_200 }, (_, index) => `  service${index}:\n    image: nginx\n`);
    const path = write(folder(), { "compose.yaml": `services:\n${services.join("")}` });
    expect(check(path, "--format", "json", "-o", "report.json", "--profile", "strict").stdout).toBe("");
    const child = spawn(
      process.execPath,
      [command, "check", "compose.yaml", "--format", "json", "--profile", "strict"],
      {
        cwd: path,
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const chunks: Buffer[] = [];
    // Each chunk is taken only when the one before has been looked at, and nothing before the writer has filled the pipe.
    for await (const chunk of child.stdout) {
      chunks.push(chunk as Buffer);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const text = Buffer.concat(chunks).toString();
    expect(text.length).toBeGreaterThan(1024 * 1024);
    const { time: _, ...received } = JSON.parse(text) as { time: string };
    const { time: __, ...written } = JSON.parse(readFileSync(join(path, "report.json"), "utf8")) as { time: string };
    expect(received).toMatchObject({ summary: (written as unknown as Report).summary });
  });

  it("is silent when its reader goes away", async () => {
    const path = write(folder(), { "compose.yaml": privileged });
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", `"$NODE" "$COMMAND" check --format json | head -c 10 > /dev/null`],
      {
        cwd: path,
        env: childEnvironment({ NODE: process.execPath, COMMAND: command }),
        encoding: "utf8",
      },
    );
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("looks at what runs: a folder of backups in which there is none", () => {
    const path = folder();
    mkdirSync(join(path, "backups"), { mode: 0o700 });
    write(path, { "espalier.yaml": `check:\n  backups:\n    directory: ${path}/backups\n` });
    const { findings } = JSON.parse(check(path, "--live", "--format", "json").stdout) as Report;
    expect(findings.filter(({ rule }) => rule === "BKP002").map(({ message }) => message)).toEqual([
      `there is no backup in ${path}/backups`,
    ]);
  });
});
