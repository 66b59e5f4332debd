/** What the gateway holds in memory for thousands of TLS connections on which nothing happens. */
import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { parseArgs } from "node:util";
import {
  createCertificateAuthority,
  fillPostgres,
  formatEntries,
  populationEntries,
  startGateway,
  startPostgres,
  startSlapd,
  temporaryDirectory,
  uniformPopulation,
} from "@espalier/tests/lab";
import { megabytes, settledBytes } from "./memory.ts";
import { formatTable, whole } from "./table.ts";

const baseDn = "dc=example,dc=com";

/** Handshakes under way at a time. */
const openedAtOnce = 50;

const help = `npm run bench -- idle [--connections 5000]`;

export async function benchIdle(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: { connections: { type: "string", default: "5000" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(help);
  const count = Number(values.connections);
  await using directory = await temporaryDirectory("bench");
  const certificate = await (await createCertificateAuthority(directory.path)).issue("server", ["localhost"]);
  const population = uniformPopulation({ users: 10_000, groups: 500, groupsPerUser: 3 });
  await using postgres = await startPostgres();
  const sql = await fillPostgres(postgres, population);
  const tls = { LDAP_CERT_PATH: certificate.certificate, LDAP_KEY_PATH: certificate.privateKey };
  await using gateway = await startGateway({
    environment: { ...sql, ...tls, LDAP_BASE_DN: baseDn, LDAP_UNENCRYPTED: "false", LOG_LEVEL: "warn" },
    configuration: { limits: { connections: count + 100, connectionsPerAddress: count + 100 } },
    discardsLog: true,
  });
  const ldif = formatEntries(populationEntries(population, { baseDn, passwords: true }));
  await using slapd = await startSlapd({ baseDn, certificate, ldif });
  const lines = [
    ["gateway", ...(await measureServer(gateway.process.pid, gateway.port, count))],
    ["slapd", ...(await measureServer(slapd.process.pid, slapd.ldapsPort ?? 0, count))],
  ];
  const head = [`${whole(count)} idle TLS connections`, "memory before", "with them", "difference", "each"];
  console.log(formatTable(head, lines));
  console.log("\nTarget: under 400 MB with 5,000 connections.");
}

async function measureServer(pid: number, port: number, count: number): Promise<string[]> {
  const before = await settledBytes(pid, 10);
  const sockets: TLSSocket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(openedAtOnce, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => openIdle(port)))));
  }
  const during = await settledBytes(pid, 10);
  const lost = sockets.filter((socket) => socket.closed).length;
  for (const socket of sockets) socket.destroy();
  if (lost > 0) return [megabytes(before), `void: ${lost} connections were closed`];
  const difference = during - before;
  return [megabytes(before), megabytes(during), megabytes(difference), `${(difference / count / 1000).toFixed(1)} kB`];
}

async function openIdle(port: number): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  socket.on("error", () => undefined);
  return socket;
}
