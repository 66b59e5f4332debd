/** `espalier up` with a manager over two OpenLDAP servers, and with checks and a backup that was restored to try it; and somebody who uses it. */
import { writeFile } from "node:fs/promises";
import {
  espalierCommand,
  formatEntries,
  type Manager,
  type ManagerClient,
  type Population,
  populationEntries,
  type ServerCertificate,
  startManager,
  startSlapdMirror,
  succeed,
  temporaryDirectory,
  until,
} from "../lab/index.ts";

export interface ManagedSite extends AsyncDisposable {
  /** host:port of its metrics. */
  readonly metrics: string;
  /** An administrator signs in, searches, changes, exports, imports, and goes; and somebody mistypes a password. */
  use(round: number): Promise<void>;
}

const baseDn = "dc=example,dc=com";
const at = "/api/v1/clusters/main";

/** @param certificate of the servers. @param population with `ann` and `bob` */
export async function startManagedSite(certificate: ServerCertificate, population: Population): Promise<ManagedSite> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("managed"));
  const ldif = formatEntries(populationEntries(population, { baseDn, passwords: true }));
  const mirror = cleanup.use(await startSlapdMirror({ ldif, certificate, nodes: 2 }));
  const [{ rootDn, rootPassword }] = mirror.nodes as [(typeof mirror.nodes)[number]];
  const configuration = {
    clusters: [
      {
        name: "main",
        nodes: mirror.nodes.map(({ port }, index) => ({ host: "127.0.0.1", port, name: `ldap${index + 1}` })),
        ...{ base_dn: baseDn, bind_dn: rootDn, bind_password: rootPassword, multi_master: true },
        tls: { mode: "starttls", ca_file: certificate.authority },
        roles: [{ role: "admin", users: ["*"] }],
      },
    ],
    check: { backups: { directory: directory.file("backups"), passphraseFile: directory.file("passphrase") } },
  };
  await writeFile(directory.file("passphrase"), "a passphrase of which nobody knows", { mode: 0o600 });
  // JSON is YAML too.
  await writeFile(directory.file("espalier.yaml"), JSON.stringify(configuration));
  for (const command of ["create", "drill"]) {
    await succeed(process.execPath, [espalierCommand, "backup", command], { workingDirectory: directory.path });
  }
  const manager = cleanup.use(await startManager({ configuration, command: "up" }));
  const resources = cleanup.move();
  return {
    metrics: new URL(manager.reports.url).host,
    use: (round) => use(manager, { name: rootDn, password: rootPassword }, round),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function use(
  manager: Manager,
  { name, password }: { readonly name: string; readonly password: string },
  round: number,
): Promise<void> {
  await manager.stranger.ask("GET /api/v1/session");
  await manager.stranger.ask("POST /api/v1/session", { body: { cluster: "main", name: "bob", password: "mistyped" } });
  const admin = await manager.signIn("main", name, password);
  const search = { filter: "(uid=*)", attributes: ["cn"] };
  await admin.get(`POST ${at}/search`, { body: { ...search, limit: 1 } });
  await admin.get(`POST ${at}/search`, { body: search, headers: { accept: "application/x-ndjson" } });
  await admin.get(`POST ${at}/changes`, { body: { ldif: describing("ann", `round ${round}`) } });
  await admin.get(`GET ${at}/export?format=csv`);
  await importLdif(admin, describing("bob", `round ${round}`));
  await admin.get("DELETE /api/v1/session");
}

function describing(user: string, description: string): string {
  const change = ["changetype: modify", "replace: description", `description: ${description}`];
  return [`dn: uid=${user},${baseDn}`, ...change, "-", ""].join("\n");
}

async function importLdif(client: ManagerClient, ldif: string): Promise<void> {
  const { id } = await client.get<{ readonly id: string }>(`POST ${at}/import`, { body: ldif, type: "text/ldif" });
  await until("the import to end", async () => {
    const { state } = await client.get<{ readonly state: string }>(`GET /api/v1/jobs/${id}`);
    return state === "done";
  });
}
