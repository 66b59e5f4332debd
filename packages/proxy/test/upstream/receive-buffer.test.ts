import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer, connect as connectTls, type TLSSocket } from "node:tls";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  requirePrograms,
  type ServerCertificate,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { receivesInPlace } from "../../src/upstream/receive-buffer.ts";

const describe = requirePrograms({ openssl: "openssl" });

describe("connections that receive into one buffer", () => {
  it("get what is theirs, also what came before anybody listened and while they were paused", async () => {
    await using cleanup = new AsyncDisposableStack();
    const directory = cleanup.use(await temporaryDirectory("receive"));
    const authority: CertificateAuthority = await createCertificateAuthority(directory.path);
    const { cert, key, ca }: { cert: string; key: string; ca: string } = await pemOf(
      await authority.issue("server", ["127.0.0.1"]),
    );
    const accepted: TLSSocket[] = [];
    const server = createServer({ cert, key }, (socket) => void accepted.push(socket.on("error", () => {})));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanup.defer(() => void server.close());
    const open = async (): Promise<Socket> => {
      const { port } = server.address() as AddressInfo;
      const socket: TLSSocket = connectTls({ host: "127.0.0.1", port, ca, onread: receivesInPlace(() => socket) });
      cleanup.defer(() => void socket.destroy());
      await once(socket, "secureConnect");
      return socket;
    };
    const first = await open();
    const second = await open();
    await until(() => accepted.length === 2);
    accepted[0]!.write("early ");
    await until(() => first.readableLength === 6);
    const received = ["", ""];
    second.on("data", (chunk: Buffer) => void (received[1] += chunk.toString()));
    accepted[1]!.write("OTHER ");
    await until(() => received[1] === "OTHER ");
    first.on("data", (chunk: Buffer) => void (received[0] += chunk.toString()));
    accepted[0]!.write("late ");
    await until(() => received[0] === "early late ");
    first.pause();
    accepted[0]!.write("paused");
    accepted[1]!.write("AGAIN");
    await until(() => received[1] === "OTHER AGAIN");
    expect(received).toStrictEqual(["early late ", "OTHER AGAIN"]);
    first.resume();
    await until(() => received[0] === "early late paused");
  });
});
