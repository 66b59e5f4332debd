/** The site of the guides: people in PostgreSQL, and two gateways over it, ldap1 and ldap2, each with a certificate of the same authority. */
import {
  type CertificateAuthority,
  createCertificateAuthority,
  documentQueries,
  fillPostgres,
  freePort,
  type Population,
  type Postgres,
  startPostgres,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { Machine } from "./machine.ts";

export const baseDn = "dc=example,dc=com";

export interface GatewayNode {
  readonly name: string;
  /** A loopback address of its own. */
  readonly address: string;
  readonly port: number;
  /** With its name, which SSSD finds where it is told of {@link GatewayPair.hosts}. */
  readonly url: string;
  readonly machine: Machine;
  /** The espalier.yaml of this node, with these settings of its gateway in place of those that it has. */
  configuration(changes?: object): object;
}

export interface GatewayPair extends AsyncDisposable {
  readonly postgres: Postgres;
  readonly authority: CertificateAuthority;
  readonly ldap1: GatewayNode;
  readonly ldap2: GatewayNode;
  /** The nodes' names, each with its address. */
  readonly hosts: Readonly<Record<string, string>>;
}

const addresses = { ldap1: "127.0.0.21", ldap2: "127.0.0.22" };

/** Starts both, and waits until they serve. */
export async function startGatewayPair(population: Population): Promise<GatewayPair> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("certificates"));
  const authority = await createCertificateAuthority(directory.path);
  const postgres = cleanup.use(await startPostgres());
  await fillPostgres(postgres, population);
  const certificates = {
    ldap1: await authority.issue("ldap1", ["ldap1", addresses.ldap1]),
    ldap2: await authority.issue("ldap2", ["ldap2", addresses.ldap2]),
  };
  const start = async (name: keyof typeof addresses): Promise<GatewayNode> => {
    const address = addresses[name];
    const port = await freePort(address);
    const { certificate, privateKey } = certificates[name];
    const configuration = (changes: object = {}) => ({
      gateway: {
        base: baseDn,
        listen: [`ldaps://${address}:${port}`],
        tls: { certPath: certificate, keyPath: privateKey },
        sql: { queries: gatewayQueries() },
        requireAuthForSearch: false,
        ...changes,
      },
    });
    const machine = cleanup.use(
      await Machine.start({
        service: "gateway",
        configuration: configuration(),
        environment: { SQL_URI: postgres.url },
      }),
    );
    return { name, address, port, url: `ldaps://${name}:${port}`, machine, configuration };
  };
  const [ldap1, ldap2] = await Promise.all([start("ldap1"), start("ldap2")]);
  const resources = cleanup.move();
  return {
    ...{ postgres, authority, ldap1, ldap2, hosts: addresses },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The queries of the management software's tables, as the section `gateway` names them. */
export function gatewayQueries() {
  const queries = documentQueries("postgres");
  return {
    allUsers: queries.SQL_QUERY_ALL_USERS,
    oneUser: queries.SQL_QUERY_ONE_USER,
    allGroups: queries.SQL_QUERY_ALL_GROUPS,
    groupsByMember: queries.SQL_QUERY_GROUPS_BY_MEMBER,
  };
}
