/** What every client of docs/clients is tested against: people in PostgreSQL, and two gateways over it with verified certificates. */
import { chmod, writeFile } from "node:fs/promises";
import {
  createCertificateAuthority,
  fillPostgres,
  freePort,
  type Gateway,
  type Population,
  type Postgres,
  person,
  startGateway,
  startPostgres,
  temporaryDirectory,
  until,
} from "../lab/index.ts";

/** The account that the pages let a program search with, and its password there. */
export const serviceAccount = { name: "svc-directory", password: "the-password-of-svc-directory" };

/** ann and dora are the team, bob is not, carl is suspended. */
const population: Population = {
  users: [
    person("ann", 2001, { fullName: "Ann Smith", gidNumber: 3001, mail: "Ann.Smith@example.com" }),
    person("bob", 2002, { fullName: "Bob Müller" }),
    person("carl", 2003, { gidNumber: 3001, status: "suspended" }),
    person("dora", 2004, { gidNumber: 3001 }),
    person(serviceAccount.name, 2900, { password: serviceAccount.password }),
  ],
  groups: [
    { name: "team", gidNumber: 3001, members: ["ann", "carl", "dora"] },
    { name: "admins", gidNumber: 3002, members: ["ann"] },
  ],
};

export interface Site extends AsyncDisposable {
  readonly postgres: Postgres;
  /** The addresses of ldap1 and ldap2, which take LDAPS on the same port. */
  readonly addresses: readonly [string, string];
  readonly port: number;
  /** PEM: the authority to trust, and a certificate for localhost that it signed. */
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
  /** `ldap1.example.com` and `ldap2.example.com` of the pages, each as `address:port`. */
  readonly hosts: Readonly<Record<string, string>>;
  /** Ends ldap1 as a crash does. */
  killFirst(): Promise<void>;
  /** Ends what still runs of the two. */
  killBoth(): Promise<void>;
  /** Starts both again, where they were. */
  startBoth(): Promise<void>;
  /** Stops the database, and returns when both gateways have nothing left to answer from: as an hour later, at their defaults. */
  loseEverything(): Promise<void>;
  /** The database is back, and both gateways have read it. */
  recover(): Promise<void>;
}

export interface SiteOptions {
  /** The gateways' `outage` section. */
  readonly outage?: object;
}

/** Starts it. */
export async function startSite({ outage = {} }: SiteOptions = {}): Promise<Site> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("client-site"));
  // Clients that are not root read the authority's certificate.
  await chmod(directory.path, 0o755);
  const addresses = ["127.0.0.1", "127.0.0.2"] as const;
  const authority = await createCertificateAuthority(directory.path);
  const certificate = await authority.issue("server", ["localhost", ...addresses]);
  const postgres = cleanup.use(await startPostgres());
  const sql = await fillPostgres(postgres, population, { status: true });
  const port = await freePort();
  const start = (address: string) =>
    startGateway({
      ...{ address, port },
      environment: {
        ...sql,
        LDAP_UNENCRYPTED: "false",
        LDAP_CERT_PATH: certificate.certificate,
        LDAP_KEY_PATH: certificate.privateKey,
        REQUIRE_AUTH_FOR_SEARCH: "true",
      },
      configuration: { outage },
    });
  let gateways: Gateway[] = [];
  const startBoth = async () => {
    gateways = await Promise.all(addresses.map(start));
  };
  const killBoth = async () => {
    await Promise.all(gateways.map((gateway) => gateway.process.kill()));
    await Promise.all(gateways.map((gateway) => gateway[Symbol.asyncDispose]()));
  };
  cleanup.defer(killBoth);
  await startBoth();
  const haveNothing = () =>
    Promise.all(
      gateways.map(async (gateway) => ((await gateway.health()) as { status: string }).status === "unhealthy"),
    );
  const resources = cleanup.move();
  const [first, second] = addresses;
  return {
    ...{ postgres, addresses, port },
    ...certificate,
    hosts: { "ldap1.example.com": `${first}:${port}`, "ldap2.example.com": `${second}:${port}` },
    killFirst: async () => {
      await gateways[0]?.process.kill();
    },
    killBoth,
    startBoth,
    loseEverything: async () => {
      const soon = { refresh: { interval: "1s" }, outage: { ...outage, serveSearchesFor: "1s" } };
      await Promise.all(gateways.map((gateway) => reconfigure(gateway, soon)));
      await postgres.stop();
      await until("both to have nothing to serve", async () => (await haveNothing()).every(Boolean));
    },
    recover: async () => {
      await postgres.start();
      await until("both to serve again", async () => !(await haveNothing()).some(Boolean));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function reconfigure({ process }: Gateway, configuration: object): Promise<void> {
  const done = "The configuration has been read again.";
  const before = process.log.split(done).length;
  await writeFile(`/proc/${process.pid}/cwd/espalier.yaml`, JSON.stringify({ gateway: configuration }));
  process.signal("SIGHUP");
  await until("the configuration to be read", () => process.log.split(done).length > before);
}
