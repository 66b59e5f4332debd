import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo, OnReadOpts, Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, createServer, type TLSSocket } from "node:tls";
import { createCertificateAuthority, requirePrograms, temporaryDirectory, until } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { receivesInPlace } from "../../src/upstream/receive-buffer.ts";

const describe = requirePrograms({ openssl: "openssl" });

describe("connections that receive into one buffer", () => {
  it("get what is theirs, also what came before anybody listened and while they were paused", async () => {
    await using cleanup = new AsyncDisposableStack();
    const directory = cleanup.use(await temporaryDirectory("receive"));
    const authority = await createCertificateAuthority(directory.path);
    const { certificate, privateKey } = await authority.issue("server", ["127.0.0.1"]);
    const [ca, cert, key] = await Promise.all(
      [authority.certificate, certificate, privateKey].map((at) => readFile(at)),
    );
    const accepted: TLSSocket[] = [];
    const server = createServer(
      { cert: cert!, key: key! },
      (socket) => void accepted.push(socket.on("error", () => {})),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanup.defer(() => void server.close());
    const open = async (): Promise<Socket> => {
      const { port } = server.address() as AddressInfo;
      const options: ConnectionOptions & { onread: OnReadOpts } = {
        ...{ host: "127.0.0.1", port, ca: ca! },
        onread: receivesInPlace(() => socket),
      };
      const socket = connectTls(options);
      cleanup.defer(() => void socket.destroy());
      await once(socket, "secureConnect");
      return socket;
    };
    const first = await open();
    await until("the first is accepted", () => accepted.length === 1);
    const second = await open();
    await until("the second is accepted", () => accepted.length === 2);
    accepted[0]!.write("early ");
    await until("the early bytes to be kept", () => first.readableLength === 6);
    const received = ["", ""];
    second.on("data", (chunk: Buffer) => {
      received[1] += chunk.toString();
    });
    accepted[1]!.write("OTHER ");
    await until("what is the second's", () => received[1] === "OTHER ");
    first.on("data", (chunk: Buffer) => {
      received[0] += chunk.toString();
    });
    accepted[0]!.write("late ");
    await until("what is the first's", () => received[0] === "early late ");
    first.pause();
    accepted[0]!.write("paused");
    accepted[1]!.write("AGAIN");
    await until("what is the second's", () => received[1] === "OTHER AGAIN");
    expect(received).toStrictEqual(["early late ", "OTHER AGAIN"]);
    first.resume();
    await until("what waited", () => received[0] === "early late paused");
  });
});
