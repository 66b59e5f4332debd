/** Whose entries of which clusters somebody has who has signed in at an OpenID provider, and as whom they act there. */

import { filter, ParseError } from "@espalier/ldap";
import { type ConfigurationProblem, formatProblem } from "@espalier/service";
import type { Cluster, Clusters } from "../../clusters/cluster.ts";
import { type NewConnection, randomId } from "../new-session.ts";
import { findPeople } from "../proofs.ts";
import type { ActsAs } from "../rows.ts";
import { type Claims, fillDn, fillFilter } from "./claim-template.ts";
import type { OidcProviderConfig, OidcProviders } from "./config.ts";

/** What the `manager` section says of clusters that the `clusters` section does not bear out. */
function oidcProblems(providers: OidcProviders, clusters: Clusters): readonly ConfigurationProblem[] {
  return Object.entries(providers).flatMap(([name, provider]) => {
    const problem = (message: string): ConfigurationProblem => ({
      path: `manager.oidc.${name}.clusters`,
      source: undefined,
      message,
    });
    const unknown = (provider.clusters ?? []).filter(
      (wanted) => !clusters.all.some((cluster) => cluster.name === wanted),
    );
    if (unknown.length > 0) return [problem(`names ${unknown.join(", ")}, which is not among the clusters`)];
    const wanted = clustersOf(provider, clusters);
    if (wanted.length === 0)
      return [problem("names none, and no cluster has `proxied_authorization`: name those to connect to")];
    return wanted.flatMap((cluster) => {
      const { bind_dn: dn, bind_password: password } = cluster.config;
      const actsAs = actsAsIn(provider, cluster);
      if (actsAs === undefined) {
        return [
          problem(
            `names ${cluster.name}, where nobody can act without a password: give it \`proxied_authorization\`, or declare \`serviceAccount\``,
          ),
        ];
      }
      const needsAccount = actsAs !== "shared" || provider.filter !== undefined;
      if (needsAccount && (dn === undefined || password === undefined)) {
        return [problem(`names ${cluster.name}, which needs \`bind_dn\` and \`bind_password\` for it`)];
      }
      return [];
    });
  });
}

/** @throws TypeError with a sentence for each */
export function checkOidc(providers: OidcProviders, clusters: Clusters): void {
  const problems = oidcProblems(providers, clusters);
  if (problems.length > 0) throw new TypeError(problems.map(formatProblem).join("\n"));
}

/** `undefined` where the person has no entry, or several, in each of the clusters. @throws ApiError */
export async function connectionsOf(
  provider: OidcProviderConfig,
  clusters: Clusters,
  claims: Claims,
): Promise<readonly [NewConnection, ...NewConnection[]] | undefined> {
  const connections: NewConnection[] = [];
  for (const cluster of clustersOf(provider, clusters)) {
    const dn = await personOf(provider, cluster, claims);
    const actsAs = actsAsIn(provider, cluster);
    if (dn !== undefined && actsAs !== undefined) connections.push({ cluster, dn, actsAs, generation: randomId() });
  }
  const [first, ...more] = connections;
  return first && [first, ...more];
}

function clustersOf({ clusters: wanted }: OidcProviderConfig, { all }: Clusters): readonly Cluster[] {
  return all.filter(({ name, config }) =>
    wanted === undefined ? config.proxied_authorization : wanted.includes(name),
  );
}

function actsAsIn({ serviceAccount }: OidcProviderConfig, { config }: Cluster): ActsAs | undefined {
  if (config.proxied_authorization) return "proxied";
  if (serviceAccount) return "service";
  return config.shared_login === undefined ? undefined : "shared";
}

/** The DN as the directory has it. */
async function personOf(provider: OidcProviderConfig, cluster: Cluster, claims: Claims): Promise<string | undefined> {
  try {
    const dn = provider.dn === undefined ? undefined : fillDn(provider.dn, claims);
    const wanted = provider.filter === undefined ? filter`(objectClass=*)` : fillFilter(provider.filter, claims);
    if (wanted === undefined || (provider.dn !== undefined && dn === undefined)) return undefined;
    const found = await findPeople(cluster, wanted, dn);
    return found.length === 1 ? found[0] : undefined;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
