/**
 * LDAP Manager: its `config.yml` and `.env` start Espalier as they are, and what its document asks by curl is asked. Other than in the
 * files are the addresses of the directory servers, and `PORT`.
 */
import { writeFile } from "node:fs/promises";
import {
  type ChildServer,
  createCertificateAuthority,
  freePort,
  ManagerClient,
  requirePrograms,
  runCommand,
  type Slapd,
  type SlapdMirror,
  startSlapd,
  startSlapdMirror,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { typedLines } from "../document-lines.ts";
import { Stopwatch } from "../stopwatch.ts";
import { environmentFile, espalier, oldFile, shell, startEspalier } from "./old-files.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl", curl: "curl" });

const base = "dc=meadow,dc=example";
const people = `ou=people,${base}`;
const ldif = [
  `dn: ${base}\nobjectClass: organization\nobjectClass: dcObject\no: Meadow\ndc: meadow`,
  `dn: ${people}\nobjectClass: organizationalUnit\nou: people`,
  ...["ann", "bob", "cleo"].map(
    (uid, index) =>
      `dn: uid=${uid},${people}\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\n` +
      `mail: ${uid}@meadow.example\nuidNumber: ${2001 + index}\ngidNumber: 5000\nhomeDirectory: /home/${uid}`,
  ),
  `dn: cn=staff,${base}\nobjectClass: groupOfNames\ncn: staff\nmember: uid=ann,${people}`,
  "",
].join("\n\n");

describe("LDAP Manager's config.yml and .env", () => {
  const stopwatch = new Stopwatch("From LDAP Manager");
  const resources = new AsyncDisposableStack();
  let place: TemporaryDirectory;
  let mirror: SlapdMirror;
  let archive: Slapd;
  let manager: ChildServer;
  let url: string;
  let metrics: string;
  /** Who signed in with the password of `bind_dn`, as its page asked for it. */
  let admin: ManagerClient;

  beforeAll(async () => {
    place = resources.use(await temporaryDirectory("old-manager"));
    const authority = await createCertificateAuthority(place.path);
    const certificate = await authority.issue("ldap", ["127.0.0.1"]);
    mirror = resources.use(await startSlapdMirror({ baseDn: base, ldif, certificate, nodes: 2, logsOperations: true }));
    archive = resources.use(await startSlapd({ baseDn: base, ldif }));
    const [one, two] = mirror.nodes;
    const configuration = oldFile("ldap-manager/config.yml", {
      "host: ldap1.meadow.example\n        port: 389": `host: 127.0.0.1\n        port: ${one!.port}`,
      "host: ldap2.meadow.example\n        port: 389": `host: 127.0.0.1\n        port: ${two!.port}`,
      "host: ldap-old.meadow.example\n    port: 389": `host: 127.0.0.1\n    port: ${archive.port}`,
    });
    await writeFile(place.file("config.yml"), configuration);
    const port = await freePort();
    metrics = `127.0.0.1:${await freePort()}`;
    url = `http://127.0.0.1:${port}`;
    const environment = environmentFile("ldap-manager/.env", { "PORT=8000": `PORT=${port}` });
    manager = resources.use(
      startEspalier(["manager", "--config", "config.yml"], { ...environment, METRICS_LISTEN: metrics }, place),
    );
    await stopwatch.time("the manager starts", () =>
      manager.ready(async () => (await fetch(`${url}/health`).catch(() => undefined))?.status === 200, 60_000),
    );
    admin = await connect("production");
  });
  afterAll(async () => {
    await resources.disposeAsync();
    stopwatch.print();
  });

  async function connect(cluster: string): Promise<ManagerClient> {
    const body = { cluster_name: cluster, bind_password: archive.rootPassword };
    const stranger = new ManagerClient(url, {});
    const answer = await stranger.ask<Record<string, string>>("POST /api/connection/connect", { body });
    expect(answer.body).toMatchObject({ status: "success", base_dn: base });
    const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    return new ManagerClient(url, { cookie, "x-csrf-token": answer.body.csrf_token ?? "" });
  }
  const curl = async (...parameters: string[]) => {
    const { stdout } = await runCommand("curl", ["-sS", "-w", "\n%{http_code}", ...parameters]);
    return [Number(stdout.split("\n").at(-1)), JSON.parse(stdout.slice(0, stdout.lastIndexOf("\n")))];
  };
  const logged = () =>
    manager.log
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  /** How many searches of everything, and how many entries that were added, each node has seen. */
  const seen = (operation: "SRCH" | "ADD") => {
    const line = operation === "SRCH" ? / SRCH base="dc=meadow,dc=example" scope=2 /g : / ADD dn="uid=/g;
    return mirror.nodes.map(({ process }) => process.log.match(line)?.length ?? 0);
  };

  /** What the document or the file says, what is asked, and the answer. */
  const lines: readonly (readonly [line: string, does: string, ask: () => Promise<unknown>, answer: unknown])[] = [
    [
      "curl http://localhost:8000/health",
      "says how it is, in the same words",
      () => curl(`${url}/health`),
      [
        200,
        {
          status: "healthy",
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
          context_path: "",
          checks: {
            config: { status: "ok", clusters_count: 2 },
            connection_pool: { status: "ok", pool_size: expect.any(Number) },
            ldap: { status: "ok", cluster: "production" },
            store: { status: "ok" },
          },
        },
      ],
    ],
    [
      "clusters: name, description, nodes, bind_dn, readonly",
      "are those of the file",
      async () =>
        (await admin.get<{ clusters: Record<string, unknown>[] }>("GET /api/clusters/list")).clusters.map(
          ({ name, description, bind_dn: as, readonly, nodes }) => ({ name, description, as, readonly, nodes }),
        ),
      [
        {
          name: "production",
          description: "Everybody who works here",
          as: `cn=admin,${base}`,
          readonly: false,
          nodes: [
            { host: "127.0.0.1", port: expect.any(Number), name: "one" },
            { host: "127.0.0.1", port: expect.any(Number), name: "two" },
          ],
        },
        { name: "archive", description: "As it was in 2019", as: `cn=admin,${base}`, readonly: true, nodes: null },
      ],
    ],
    [
      "user_creation_form",
      "is the page's form",
      async () => {
        const form = await admin.get<{ fields: { name: string; auto_generate?: string }[] }>(
          "GET /api/clusters/form/production",
        );
        return form.fields.map(({ name, auto_generate: by }) => (by === undefined ? name : `${name}: ${by}`));
      },
      [
        ...["uid", "cn", "sn", "mail", "userPassword", "uidNumber: next_uid", "gidNumber"],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the file has it
        ...["homeDirectory: /home/${uid}", "shadowLastChange: days_since_epoch"],
      ],
    ],
    [
      "table_columns",
      "are the page's columns",
      () => admin.get("GET /api/clusters/columns/production"),
      {
        users: [
          { name: "uid", label: "Login", default_visible: true },
          { name: "mail", label: "Mail", default_visible: false },
        ],
        groups: [{ name: "cn", label: "Name", default_visible: true }],
        ous: [{ name: "ou", label: "Unit", default_visible: true }],
      },
    ],
    [
      "password_policy",
      "is there, where asking for it was an error",
      () => admin.get("GET /api/clusters/password-policy/production"),
      { min_length: 10, require_confirmation: true },
    ],
    [
      "a search",
      "is a page of entries, read from the last node",
      async () => {
        const before = seen("SRCH");
        const found = await admin.get("GET /api/entries/search?cluster=production&filter_type=users&page_size=2");
        const [one, two] = seen("SRCH").map((count, node) => count - before[node]!);
        return { ...found, entries: (found.entries as { dn: string }[]).map(({ dn }) => dn), one, last: two! > 0 };
      },
      {
        entries: [`uid=ann,${people}`, `uid=bob,${people}`],
        ...{ total: 3, total_is_exact: true, page: 1, page_size: 2, has_more: true, one: 0, last: true },
      },
    ],
    [
      "*)(objectClass=*",
      "is searched for as it is",
      async () =>
        (await admin.get(`GET /api/entries/search?cluster=production&search=${encodeURIComponent("*)(objectClass=*")}`))
          .total,
      0,
    ],
    [
      "CREATE",
      "adds an entry at the first node, with a number that nobody has, and the other node gets it",
      async () => {
        const dn = `uid=dan,${people}`;
        const before = seen("ADD");
        const attributes = {
          objectClass: ["inetOrgPerson", "posixAccount"],
          ...{ uid: "dan", cn: "Dan", sn: "Dan", gidNumber: "5000", homeDirectory: "/home/dan" },
        };
        await admin.get("POST /api/entries/create", { body: { cluster_name: "production", dn, attributes } });
        await mirror.agreed();
        const [entry] = (await admin.get("GET /api/entries/search?cluster=production&search=dan")).entries as unknown[];
        return { entry, added: seen("ADD").map((count, node) => count - before[node]!) };
      },
      { entry: expect.objectContaining({ dn: `uid=dan,${people}`, uidNumber: ["2004"] }), added: [1, 0] },
    ],
    [
      "readonly: true",
      "is kept; base_dn is found out where the file has none",
      async () => {
        const reader = await connect("archive");
        const target = `cluster_name=archive&dn=${encodeURIComponent(`uid=ann,${people}`)}`;
        return (await reader.ask(`DELETE /api/entries/delete?${target}`)).status;
      },
      403,
    ],
    [
      "ALLOWED_ORIGINS",
      "are the pages of others that may ask",
      () =>
        Promise.all(
          ["https://ldap-backup.meadow.example", "https://elsewhere.example"].map(async (Origin) => {
            const headers = { Origin, "Access-Control-Request-Method": "GET" };
            const answer = await fetch(`${url}/api/clusters/list`, { method: "OPTIONS", headers });
            return answer.headers.get("access-control-allow-origin");
          }),
        ),
      ["https://ldap-backup.meadow.example", null],
    ],
    [
      'LOG_LEVEL, JSON_LOGS: docker logs | grep \'"level":"ERROR"\'',
      "the log has the same fields first, each request, and no error",
      async () => {
        const request = logged().find(({ path }) => path === "/api/entries/create");
        return [
          Object.keys(request ?? {}).slice(0, 4),
          request?.method,
          request?.status_code,
          manager.log.includes('"level":"ERROR"'),
        ];
      },
      [["timestamp", "level", "logger", "message"], "POST", 200, false],
    ],
    [
      "WORKERS=4",
      "means nothing, which is said",
      async () => logged().find(({ message }) => /WORKERS/.test(message))?.level,
      "WARN",
    ],
    [
      "the audit trail",
      "has who did it, which the log had not, and cannot be changed unnoticed",
      async () => {
        const list = await espalier(["events", "list", "--json", "--audit", "-c", "config.yml"], {}, place);
        const events = list.stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line));
        const added = events.find(({ type }) => type === "entry.added");
        const verified = await espalier(["events", "verify", "-c", "config.yml"], {}, place);
        return [added?.subject, added?.actor, verified.exitCode];
      },
      [`uid=dan,${people}`, `cn=admin,${base}`, 0],
    ],
    [
      "curl http://localhost:8000/api/entries/stats?cluster=production",
      "is for nobody who has not signed in: one cached password served everybody",
      () => curl(`${url}/api/entries/stats?cluster=production`),
      [401, { detail: "Sign in first." }],
    ],
    [
      "curl -X DELETE http://localhost:8000/api/password/cache/your-cluster",
      "ends one's own connection",
      async () => {
        const own = await connect("production");
        const before = await own.get("GET /api/password/check/production");
        const { status } = await own.ask("DELETE /api/password/cache/production");
        return [before, status, (await own.ask("GET /api/password/check/production")).status];
      },
      [{ cached: true }, 200, 401],
    ],
  ];
  it.each(lines)("%s: %s", async (_line, _does, ask, answer) => {
    expect(await ask()).toEqual(answer);
  });

  it("the page's first step connects to every server", async () => {
    await writeFile(place.file(".env"), oldFile("ldap-manager/.env"));
    const [first = []] = typedLines("replacing/ldap-manager.md", "Step by step");
    expect(first.at(-1)).toBe("espalier manager --config config.yml");
    const tested = await shell(first.slice(0, -1), {}, place);
    expect(tested.exitCode).toBe(0);
    const nodes = tested.stdout.match(
      /^ok {7}Cluster (?:production, (?:one|two)|archive, \S+) .*, holds dc=meadow,dc=example\.$/gm,
    );
    expect(nodes).toHaveLength(3);
  });

  it("automatic failover: reads go on at the first node while the last is lost", async () => {
    await stopwatch.time("the last node is lost", async () => {
      await mirror.nodes[1]!.process.kill();
      const { total } = await admin.get("GET /api/entries/search?cluster=production&filter_type=users");
      expect(total).toBe(4);
      await until("the health to say so", async () => {
        const [status, health] = await curl(`${url}/health`);
        return status === 200 && health.status === "degraded";
      });
    });
  });
});
