/**
 * An unchanged SSSD with one server in its configuration, the proxy: nobody's login fails when a directory behind it is lost,
 * whichever way, be it one of three OpenLDAP nodes or one of two gateways.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createCertificateAuthority,
  type FaultName,
  faultNames,
  faults,
  fillPostgres,
  formatEntries,
  type LosableServer,
  type Population,
  type ProxyOptions,
  type ProxyServer,
  person,
  populationEntries,
  Relay,
  requirePrograms,
  type ServerCertificate,
  type Sssd,
  sssdPrograms,
  sssdTurnTimeoutMs,
  startGateway,
  startLosableMirror,
  startPostgres,
  startProxy,
  startSssd,
  temporaryDirectory,
  until,
} from "./lab/index.ts";

const describe = requirePrograms(
  { slapd: "slapd", postgres: "postgresql-15", openssl: "openssl", ...sssdPrograms },
  { root: true },
);

const baseDn = "dc=example,dc=com";
const names = ["ann", "bob", "carl", "dora", "eve", "finn"];
const population: Population = {
  users: names.map((name, index) => person(name, 2001 + index, { gidNumber: 3001 })),
  groups: [{ name: "staff", gidNumber: 3001, members: names }],
};

interface Site {
  readonly proxy: ProxyServer;
  readonly sssd: Sssd;
}

/** A proxy, and a machine with SSSD that knows nothing but the proxy. */
async function startSite(
  cleanup: AsyncDisposableStack,
  { authority }: ServerCertificate,
  options: Pick<ProxyOptions, "parameters" | "configuration">,
): Promise<Site> {
  const proxy = cleanup.use(await startProxy({ scheme: "ldaps", ...options }));
  const settings = {
    id_provider: "ldap",
    auth_provider: "ldap",
    ldap_uri: `ldaps://ldap:${proxy.port}`,
    ldap_search_base: baseDn,
    ldap_tls_reqcert: "demand",
    ldap_tls_cacert: authority,
  };
  const sssd = cleanup.use(await startSssd({ hosts: { ldap: "127.0.0.1" }, settings }));
  await until("SSSD to find a user", () => sssd.passwd("ann"), { timeoutMs: 20_000 });
  return { proxy, sssd };
}

async function issueCertificate(cleanup: AsyncDisposableStack): Promise<ServerCertificate> {
  const directory = cleanup.use(await temporaryDirectory("certificates"));
  const authority = await createCertificateAuthority(directory.path);
  return authority.issue("server", ["ldap", "localhost", "127.0.0.1"]);
}

/** Everybody logs in, mistypes, and is looked up, with nothing in SSSD's cache. */
async function everybodysDay({ sssd }: Site) {
  await sssd.expireCache();
  const days: unknown[] = [];
  for (const name of names) {
    const granted = await sssd.login(name, `pw-${name}`);
    days.push({ name, granted, mistyped: await sssd.login(name, "wrong"), groups: await sssd.groupsOf(name) });
  }
  return days;
}

const goodDay = names.map((name) => ({ name, granted: "granted", mistyped: "rejected", groups: ["staff"] }));

/** A backend that was lost, came back and was lost again is held down for half a minute. */
async function allUp({ proxy }: Site): Promise<void> {
  await until("every backend to be up", async () => (await proxy.control("status")).exitCode === 0, {
    timeoutMs: 90_000,
    intervalMs: 500,
  });
}

/** What the proxy reported of a backend since it had reported `seen` events, each state once. */
function statesOf(backend: string, { proxy }: Site, seen: number): Set<string> {
  const events = proxy.events().slice(seen);
  return new Set(events.filter(({ subject }) => subject === backend).map(({ type }) => type));
}

async function loseAndGetBack(fault: FaultName, server: LosableServer, backend: string, site: Site): Promise<void> {
  await allUp(site);
  const seen = site.proxy.events().length;
  await faults[fault].begin(server);
  expect(await everybodysDay(site)).toEqual(goodDay);
  await until("the event", () => statesOf(backend, site, seen).has("backend.down"), { timeoutMs: 30_000 });
  await faults[fault].end(server);
  expect(await everybodysDay(site)).toEqual(goodDay);
  await until("the backend to be back", () => statesOf(backend, site, seen).has("backend.up"), { timeoutMs: 90_000 });
}

describe("SSSD on a proxy over three nodes that replicate each other", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let nodes: Awaited<ReturnType<typeof startLosableMirror>>["nodes"];
  beforeAll(async () => {
    const certificate = await issueCertificate(cleanup);
    const ldif = formatEntries(populationEntries(population, { baseDn, passwords: true }));
    ({ nodes } = cleanup.use(await startLosableMirror({ ldif, certificate })));
    const { authority, certificate: cert, privateKey } = certificate;
    const urls = nodes.map(({ url }) => url);
    const parameters = ["--ca", authority, "--cert", cert, "--key", privateKey, ...urls];
    site = await startSite(cleanup, certificate, { parameters });
  }, sssdTurnTimeoutMs);
  afterAll(() => cleanup.disposeAsync());

  it("logs everybody in who has the password", async () => {
    expect(await everybodysDay(site)).toEqual(goodDay);
  });

  it.each(faultNames)(
    "logs everybody in while a node is %s",
    async (fault) => {
      const node = nodes[faultNames.indexOf(fault) % nodes.length]!;
      await loseAndGetBack(fault, node, node.name, site);
    },
    240_000,
  );
});

describe("SSSD on a proxy over two gateways", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let gateways: LosableServer[];
  beforeAll(async () => {
    const certificate = await issueCertificate(cleanup);
    const postgres = cleanup.use(await startPostgres());
    const sql = await fillPostgres(postgres, population);
    const tls = { LDAP_CERT_PATH: certificate.certificate, LDAP_KEY_PATH: certificate.privateKey };
    const environment = { ...sql, ...tls, LDAP_UNENCRYPTED: "false" };
    gateways = [await startLosableGateway(cleanup, environment), await startLosableGateway(cleanup, environment)];
    const backends = gateways.map(({ relay }, index) => ({
      ...{ name: `gateway${index + 1}`, url: `ldaps://127.0.0.1:${relay.port}` },
    }));
    const configuration = {
      tls: { certPath: certificate.certificate, keyPath: certificate.privateKey },
      tiers: [{ backends }],
      upstream: { caPath: certificate.authority },
      // Each is lost more than once within seconds.
      health: { holdDown: "2s" },
    };
    site = await startSite(cleanup, certificate, { configuration });
  }, sssdTurnTimeoutMs);
  afterAll(() => cleanup.disposeAsync());

  it.each(faultNames)(
    "logs everybody in while a gateway is %s",
    async (fault) => {
      const index = faultNames.indexOf(fault) % gateways.length;
      await loseAndGetBack(fault, gateways[index]!, `gateway${index + 1}`, site);
    },
    240_000,
  );
});

async function startLosableGateway(
  cleanup: AsyncDisposableStack,
  environment: Readonly<Record<string, string>>,
): Promise<LosableServer> {
  let gateway = await startGateway({ environment });
  cleanup.defer(() => gateway[Symbol.asyncDispose]());
  const { port } = gateway;
  return {
    relay: cleanup.use(await Relay.start(port)),
    get process() {
      return gateway.process;
    },
    async restart() {
      await gateway[Symbol.asyncDispose]();
      gateway = await startGateway({ environment, port });
    },
  };
}
