/** What every part of the proxy's measurements is built on: a directory, certificates, and how long to measure. */
import {
  createCertificateAuthority,
  formatEntries,
  populationEntries,
  type ServerCertificate,
  type Slapd,
  startSlapd,
  temporaryDirectory,
  uniformPopulation,
} from "@espalier/tests/lab";

export const baseDn = "dc=example,dc=com";
export const users = 5_000;
const groups = 250;
const groupsPerUser = 3;

export interface ProxySite extends AsyncDisposable {
  readonly certificate: ServerCertificate;
  readonly ldif: string;
  /** How often each work is taken on each front, in turns; the median counts. */
  readonly rounds: number;
  /** How long each time. */
  readonly seconds: number;
}

export async function createProxySite(rounds: number, seconds: number): Promise<ProxySite> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("bench"));
  const authority = await createCertificateAuthority(directory.path);
  const certificate = await authority.issue("server", ["localhost", "127.0.0.1"]);
  const population = uniformPopulation({ users, groups, groupsPerUser });
  const ldif = formatEntries(populationEntries(population, { baseDn, passwords: true }));
  const resources = cleanup.move();
  return { certificate, ldif, rounds, seconds, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** A server of the site with the account that may use proxied authorization. */
export function startSiteSlapd({ certificate, ldif }: ProxySite): Promise<Slapd> {
  return startSlapd({ baseDn, certificate, ldif, serviceAccount: true });
}

/** Loads that several parts put on the fronts. */
export const asUser = { bindDn: `uid=user%d,${baseDn}`, password: "pw-%d" } as const;
export const byUid = { filter: "(uid=user%d)", entries: 1, users } as const;

/** Connect, bind, search, unbind: what applications do that keep no connection. */
export const churn = { ...byUid, ...asUser, mode: "churn", connections: 16 } as const;
/** Bound once, then searches on the same connection. */
export const kept = { ...byUid, ...asUser, mode: "search", connections: 16 } as const;
