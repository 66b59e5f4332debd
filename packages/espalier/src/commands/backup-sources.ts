/** What a configuration names that would be missed: databases, directories, its own file, and the files with its secrets. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { BackupsConfig, PartSource } from "@espalier/check/backup";
import { checkSection } from "@espalier/check/config";
import { gatewaySection } from "@espalier/gateway/config";
import { managerSection } from "@espalier/manager/config";
import { clustersSection, loadConfiguration, Secret, storeSection } from "@espalier/service";
import { type Environment, foreign } from "../configuration.ts";

export interface BackupConfiguration {
  /** Undefined where the file has no `check.backups`. */
  readonly backups: BackupsConfig | undefined;
  readonly sources: readonly PartSource[];
}

const sections = [checkSection, gatewaySection, clustersSection, storeSection] as const;

/** @throws ConfigurationError */
export function loadBackupConfiguration(environment: Environment, file: string | undefined): BackupConfiguration {
  const { values, file: read } = loadConfiguration({
    file,
    environment,
    sections: [],
    optionalSections: [...sections, ...foreign(...sections)],
  });
  const { check, gateway, clusters = [], store } = values;
  const { backups, ...otherChecks } = check ?? {};
  const { directory, files = [], databases = {}, clusters: logins = {} } = backups ?? {};
  const storeUrl = store?.url ?? defaultStore();
  const named = { ...values, check: otherChecks, manager: managerFiles(values.manager, environment) };
  const secretFiles = [...filesIn(named), ...variableFiles(environment, read)];
  return {
    backups,
    sources: [
      ...filesSource("configuration", read === undefined ? [] : [resolve(read)]),
      ...filesSource("secrets", secretFiles),
      ...filesSource(
        "files",
        files.map((path) => resolve(path)).filter((path) => path !== directory),
      ),
      ...(storeUrl === undefined ? [] : [database("store", storeUrl)]),
      ...(gateway === undefined ? [] : [database("sql:gateway", gateway.sql.url)]),
      ...Object.entries(databases).map(([name, url]) => database(`sql:${name}`, url)),
      ...clusters.map((cluster): PartSource => {
        const { bindDn: dn, bindPassword: password, slapcat } = logins[cluster.name] ?? {};
        const login = dn === undefined || password === undefined ? undefined : { dn, password };
        return { kind: "directory", name: `ldap:${cluster.name}`, cluster, login, slapcat };
      }),
    ],
  };
}

function filesSource(name: string, paths: readonly string[]): PartSource[] {
  const unique = [...new Set(paths)];
  return unique.length === 0 ? [] : [{ kind: "files", name, paths: unique }];
}

function database(name: string, url: Secret): PartSource {
  return { kind: "database", name, url };
}

/** Where the store is when nothing is said of it, once a service has made it. */
function defaultStore(): Secret | undefined {
  const { url } = storeSection.schema.parse({});
  return existsSync(url.reveal().replace(/^sqlite:/, "")) ? url : undefined;
}

/** The manager's section as the file has it, with the key of the store's secrets, also where nothing is said of that. */
function managerFiles(written: unknown, { MANAGER_KEY_FILE: keyFile }: Environment): unknown {
  const { keyFile: made } = managerSection.schema.parse({});
  return { keyFile: made, ...(written as object | undefined), ...(keyFile ? { keyFile } : {}) };
}

/** Keys that name files: `certPath`, `ca_file`, `notification.ca`; and the folder of a certificate that is made. */
const fileKey = /(?:(?:Path|File|_file|_path)|^ca|^selfSignedDirectory)$/;

/** Files that are there and that a key names, of any section. */
function filesIn(value: unknown, key = ""): string[] {
  if (typeof value === "string") return fileKey.test(key) && existsSync(value) ? [resolve(value)] : [];
  if (typeof value !== "object" || value === null || value instanceof Secret) return [];
  return Object.entries(value).flatMap(([name, inner]) => filesIn(inner, Array.isArray(value) ? key : name));
}

/** The files of `NAME_FILE`, for each NAME that a section knows or the configuration file refers to. */
function variableFiles(environment: Environment, file: string | undefined): string[] {
  const text = file === undefined ? "" : readFileSync(file, "utf8");
  const referred = [...text.matchAll(/\$\{([A-Za-z_]\w*)/g)].map(([, name = ""]) => name);
  const known = sections.flatMap(({ environment: table }) =>
    Object.entries(table).flatMap(([name, { aliases = [] }]) => [name, ...aliases]),
  );
  return [...known, ...referred].flatMap((name) => {
    const path = environment[`${name}_FILE`];
    return path === undefined || path === "" || !statSync(path, { throwIfNoEntry: false })?.isFile()
      ? []
      : [resolve(path)];
  });
}
