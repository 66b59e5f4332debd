/** The gateway's life, in one process and in several: serve, reload, lose a process, drain. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { decodeMessage, encodeMessage, type LdapMessage, Oid, parseFilter } from "@espalier/ldap";
import { LdapClient, type LdapClientError, OperationError } from "@espalier/ldap/client";
import { describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../../../tests/lab/certificates.ts";
import type { ChildServer } from "../../../tests/lab/child-server.ts";
import { runEspalier } from "../../../tests/lab/espalier.ts";
import { freePort } from "../../../tests/lab/ports.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../tests/lab/temporary-directory.ts";
import { until } from "../../../tests/lab/until.ts";
import type { UserTables } from "../../gateway/test/support/user-tables.ts";
import { environmentOf, password, staffTables } from "./command.ts";

const base = "dc=example,dc=com";

interface Running extends AsyncDisposable {
  readonly tables: UserTables;
  readonly folder: TemporaryDirectory;
  readonly process: ChildServer;
  readonly port: number;
  readonly metricsPort: number;
  readonly url: string;
  /** Writes the configuration file; what it says goes over the defaults here. */
  configure(gateway: object): void;
  client(): Promise<LdapClient>;
  get(path: string): Promise<{ status: number; body: string }>;
  logged(message: string): Record<string, unknown>[];
}

async function start(gateway: object, environment: Record<string, string> = {}): Promise<Running> {
  await using cleanup = new AsyncDisposableStack();
  const tables = cleanup.use(staffTables());
  const folder = cleanup.use(await temporaryDirectory("life"));
  const [port, metricsPort] = [await freePort(), await freePort()];
  const clients = cleanup.adopt([] as LdapClient[], (all) => {
    for (const client of all) client.destroy();
  });
  const configure = (changes: object) =>
    writeFileSync(
      folder.file("espalier.yaml"),
      JSON.stringify({
        gateway: { base, refresh: { interval: "200ms" }, drainTimeout: "5s", requireAuthForSearch: false, ...changes },
      }),
    );
  configure(gateway);
  const settings = {
    ...{
      LDAP_UNENCRYPTED: "true",
      BIND_IP: "127.0.0.1",
      PORT: String(port),
      METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
    },
    ...environmentOf(tables),
    ...environment,
  };
  const process = cleanup.use(runEspalier(["gateway"], settings, folder));
  const get = (path: string) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const asked = request({ port: metricsPort, host: "127.0.0.1", path, agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () => resolve({ status: response.statusCode!, body }));
      });
      asked.on("error", reject).end();
    });
  await process.ready(async () => (await get("/readyz").catch(() => undefined))?.status === 200, 20_000);
  const resources = cleanup.move();
  const url = `ldap://127.0.0.1:${port}`;
  return {
    ...{ tables, folder, process, port, metricsPort, url, configure, get },
    async client() {
      const client = await LdapClient.connect({ url });
      clients.push(client);
      return client;
    },
    logged: (message) =>
      process.log
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line.message === message),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function count(client: LdapClient, filter = "(uid=*)"): Promise<number> {
  let found = 0;
  for await (const _ of client.search({ baseObject: base, filter, attributes: ["1.1"] }).entries()) found++;
  return found;
}

const bindCode = (client: LdapClient, name: string, secret: string) =>
  client.bind(`uid=${name},${base}`, secret).then(
    () => 0,
    (error: unknown) => (error instanceof OperationError ? error.resultCode : Promise.reject(error)),
  );

describe("a gateway that is told to end", () => {
  it("is not ready any more, finishes what runs, sends a notice of disconnection and ends with 0", async () => {
    await using running = await start({});
    running.tables.together(() => {
      for (let i = 100; i < 4_000; i++) {
        running.tables.putUser(i, {
          username: `more${i}`,
          uid_number: i + 5000,
          gid_number: 5,
          full_name: "x".repeat(2_000),
        });
      }
    });
    const client = await running.client();
    await until("the users", async () => (await count(client)) > 3_900);
    const idle = await running.client();
    const closed = new Promise<LdapClientError>((resolve) => idle.once("close", resolve));
    // A client that has asked for everything and reads nothing keeps its operation running.
    const slow = connect(running.port, "127.0.0.1");
    const { search, answers } = wholeDirectory(slow);
    slow.write(search);
    await until("the first bytes", () => slow.bytesRead > 0 || slow.readableLength > 0);
    slow.pause();
    running.process.signal("SIGTERM");
    await until("readyz to say so", async () => (await running.get("/readyz")).status === 503);
    expect(await closed).toMatchObject({ code: expect.stringMatching(/^ERR_/) });
    expect((await running.get("/livez")).status).toBe(200);
    slow.resume();
    const messages = await answers;
    expect(messages.filter(({ protocolOp }) => protocolOp.type === "searchResultEntry").length).toBeGreaterThan(3_900);
    expect(messages.slice(-2).map(({ protocolOp }) => protocolOp.type)).toEqual([
      "searchResultDone",
      "extendedResponse",
    ]);
    expect(messages.at(-1)).toMatchObject({ messageId: 0, protocolOp: { responseName: Oid.noticeOfDisconnection } });
    expect(await running.process.exited()).toBe(0);
  });

  it("cuts off what takes longer than its time, and says so", async () => {
    await using running = await start({ drainTimeout: "300ms" });
    running.tables.together(() => {
      for (let i = 100; i < 4_000; i++) {
        running.tables.putUser(i, {
          username: `more${i}`,
          uid_number: i + 5000,
          gid_number: 5,
          full_name: "x".repeat(2_000),
        });
      }
    });
    const client = await running.client();
    await until("the users", async () => (await count(client)) > 3_900);
    const slow = connect(running.port, "127.0.0.1");
    slow.on("error", () => {});
    slow.write(wholeDirectory(slow, false).search);
    await until("the first bytes", () => slow.readableLength > 0 || slow.bytesRead > 0);
    slow.pause();
    const began = performance.now();
    running.process.signal("SIGTERM");
    await running.process.exited();
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(running.logged("Connections were cut off because draining took too long.")).toHaveLength(1);
    slow.destroy();
  });
});

/** A request for everything, and the messages that come until the connection ends. */
function wholeDirectory(
  socket: ReturnType<typeof connect>,
  reads = true,
): { search: Uint8Array; answers: Promise<LdapMessage[]> } {
  const search = encodeMessage({
    messageId: 7,
    protocolOp: {
      ...{ type: "searchRequest", baseObject: base, scope: "wholeSubtree", derefAliases: "neverDerefAliases" },
      ...{
        sizeLimit: 0,
        timeLimit: 0,
        typesOnly: false,
        filter: parseFilter("(objectClass=*)"),
        attributes: ["*", "+"],
      },
    },
    controls: [],
  });
  if (!reads) return { search, answers: Promise.resolve([]) };
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => void chunks.push(chunk));
  const answers = new Promise<LdapMessage[]>((resolve) =>
    socket.once("close", () => resolve(messagesIn(Buffer.concat(chunks)))),
  );
  return { search, answers };
}

function messagesIn(bytes: Buffer): LdapMessage[] {
  const messages: LdapMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at + 1]!;
    const octets = first < 0x80 ? 0 : first & 0x7f;
    const length = octets === 0 ? first : bytes.readUIntBE(at + 2, octets);
    const end = at + 2 + octets + length;
    messages.push(decodeMessage(bytes, at, end));
    at = end;
  }
  return messages;
}

describe("a reload", () => {
  it("serves a renewed certificate and a changed configuration, without losing a connection", async () => {
    await using files = await temporaryDirectory("certificates");
    const authority = await createCertificateAuthority(files.path);
    const [first, second] = [
      await authority.issue("first", ["localhost"]),
      await authority.issue("second", ["localhost"]),
    ];
    const [certPath, keyPath] = [files.file("server.crt"), files.file("server.key")];
    const use = ({ certificate, privateKey }: typeof first) => {
      writeFileSync(certPath, readFileSync(certificate));
      writeFileSync(keyPath, readFileSync(privateKey));
    };
    use(first);
    await using running = await start({ tls: { certPath, keyPath } }, { LDAP_UNENCRYPTED: "false" });
    const served = () =>
      new Promise<string>((resolve, reject) => {
        const socket = tlsConnect({ host: "127.0.0.1", port: running.port, rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().serialNumber);
          socket.destroy();
        });
        socket.once("error", reject);
      });
    const ca = readFileSync(authority.certificate, "utf8");
    const client = await LdapClient.connect({ url: `ldaps://localhost:${running.port}`, tls: { ca } });
    const before = await served();
    expect(await count(client, "(mail=ann@example.com)")).toBe(1);
    use(second);
    running.configure({ tls: { certPath, keyPath }, inventMail: false });
    running.process.signal("SIGHUP");
    await until("the new certificate", async () => (await served()) !== before);
    await until("the new configuration", async () => (await count(client, "(mail=*)")) === 0);

    const renewed = await served();
    writeFileSync(certPath, "broken");
    running.process.signal("SIGHUP");
    await until(
      "the refusal",
      () => running.logged("nothing was reloaded; what was loaded before goes on").length === 1,
    );
    expect(await served()).toBe(renewed);
    use(second);
    writeFileSync(running.folder.file("espalier.yaml"), "gateway: {base: nonsense}");
    running.process.signal("SIGHUP");
    await until(
      "the second refusal",
      () => running.logged("nothing was reloaded; what was loaded before goes on").length === 2,
    );
    running.configure({ tls: { certPath, keyPath } });
    const database = running.tables.path;
    renameSync(database, `${database}.away`);
    running.process.signal("SIGHUP");
    await until(
      "the third refusal",
      () => running.logged("nothing was reloaded; what was loaded before goes on").length === 3,
    );
    expect(await count(client)).toBe(32);
    client.destroy();
  });
});

describe("several processes on one port", () => {
  it("share limits and back-off, add their metrics up, and replace one that is lost", async () => {
    await using running = await start({ workers: 2, limits: { connectionsPerAddress: 6 } });
    const health = async () =>
      JSON.parse((await running.get("/health")).body) as {
        status: string;
        checks: Record<string, Record<string, unknown>>;
      };
    expect((await health()).checks).toMatchObject({
      processes: { status: "ok", running: 2 },
      directory: { status: "ok", users: 32 },
    });

    const clients = await Promise.all(Array.from({ length: 6 }, () => running.client()));
    for (const client of clients) expect(await count(client)).toBe(32);
    await until("the limit over both", () =>
      running.client().then(
        async (client) => {
          const refused = await count(client).then(
            () => false,
            () => true,
          );
          client.destroy();
          return refused;
        },
        () => true,
      ),
    );
    for (let i = 0; i < 10; i++) expect(await bindCode(clients[i % 6]!, "ann", `guess ${i}`)).toBe(49);
    for (const client of clients) expect(await bindCode(client, "ann", password)).toBe(49);
    for (const client of clients) expect(await bindCode(client, "bob", password)).toBe(0);

    const { body } = await running.get("/metrics");
    const sum = (pattern: RegExp) =>
      [...body.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);
    expect(
      sum(/^espalier_gateway_operations_total\{operation="search",result="success"\} (\d+)/gm),
    ).toBeGreaterThanOrEqual(6);
    expect(sum(/^espalier_gateway_operations_total\{operation="bind",result="invalidCredentials"\} (\d+)/gm)).toBe(16);
    expect(sum(/^espalier_gateway_connections (\d+)/gm)).toBe(6);
    const expires = sum(/^espalier_gateway_certificate_expires_timestamp_seconds (\S+)/gm);
    expect(expires * 1_000).toBeGreaterThan(Date.now());
    expect(sum(/^espalier_gateway_snapshot_entries\{kind="user"\} (\d+)/gm)).toBe(32);

    for (const client of clients) client.destroy();
    const pids = new Set(running.logged("search").map(({ pid }) => pid));
    const [victim] = pids;
    process.kill(Number(victim), "SIGKILL");
    await until("the loss to show", async () => (await health()).checks.processes!.running === 1);
    await until("another in its place", async () => (await health()).checks.processes!.running === 2, {
      timeoutMs: 15_000,
    });
    expect(running.logged("A process that serves was lost; another takes its place.")).toHaveLength(1);
    await until(
      "six connections again",
      async () => (await Promise.all(Array.from({ length: 6 }, () => running.client()))).length === 6,
    );
  });

  it("never back off from an exempt address", async () => {
    await using running = await start({ workers: 2, backoff: { exemptAddresses: ["127.0.0.1"] } });
    const clients = await Promise.all(Array.from({ length: 6 }, () => running.client()));
    for (let i = 0; i < 24; i++) expect(await bindCode(clients[i % 6]!, "ann", `guess ${i}`)).toBe(49);
    for (const client of clients) expect(await bindCode(client, "ann", password)).toBe(0);
  });

  it("report together that the database is away, and that it is back", async () => {
    await using running = await start({ workers: 2 });
    const database = running.tables.path;
    const reports = () => ["unreachable", "reachable"].map((end) => running.logged(`event database.${end}`).length);
    const checked = async () =>
      (JSON.parse((await running.get("/health")).body) as { checks: Record<string, { status: string }> }).checks;
    for (const times of [1, 2]) {
      renameSync(database, `${database}.away`);
      await until("the outage", () => reports()[0] === times);
      renameSync(`${database}.away`, database);
      await until("its end", () => reports()[1] === times);
      await until("the directory", async () => (await checked()).directory?.status === "ok");
    }
    expect(reports()).toEqual([2, 2]);
    expect(running.logged("event database.unreachable")[0]).toMatchObject({ subject: base, source: "gateway" });
  });

  it("reload together, and end together with a notice, also where each was signalled", async () => {
    await using running = await start({ workers: 2 });
    const clients = await Promise.all(Array.from({ length: 8 }, () => running.client()));
    for (const client of clients) expect(await count(client, "(mail=ann@example.com)")).toBe(1);
    running.configure({ workers: 2, inventMail: false });
    running.process.signal("SIGHUP");
    for (const client of clients)
      await until("the new configuration", async () => (await count(client, "(mail=*)")) === 0);
    const notices = clients.map(
      (client) =>
        new Promise<string | undefined>((resolve) => {
          client.once("unsolicitedNotification", ({ responseName }) => resolve(responseName));
          client.once("close", () => resolve(undefined));
        }),
    );
    const pids = new Set(running.logged("search").map(({ pid }) => Number(pid)));
    // As systemd does, and a terminal.
    for (const pid of [running.process.pid, ...pids]) process.kill(pid, "SIGTERM");
    expect(await Promise.all(notices)).toEqual(clients.map(() => Oid.noticeOfDisconnection));
    expect(await running.process.exited()).toBe(0);
  });

  it("end when the process that keeps them is lost", async () => {
    await using running = await start({ workers: 2 });
    const clients = await Promise.all(Array.from({ length: 8 }, () => running.client()));
    for (const client of clients) await count(client);
    const closed = clients.map((client) => new Promise((resolve) => client.once("close", resolve)));
    await running.process.kill();
    await Promise.all(closed);
    await until("the port to be free", () =>
      running.client().then(
        () => false,
        () => true,
      ),
    );
  });
});
