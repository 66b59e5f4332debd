import { describe, expect, it } from "vitest";
import type { CloseReason, LdapHandler } from "../../src/server/index.ts";
import { firstCertificate } from "./certificates.ts";
import { deferred, eventually, start, untilStill } from "./harness.ts";
import { RawClient, result, search } from "./raw-client.ts";

const value = new Uint8Array(10_000).fill(0x61);
const entry = { objectName: "cn=large", attributes: [{ type: "description", values: [value] }] };

/** `cn=<n>` answers with n entries of 10 kB, no faster than the client reads. */
function largeAnswers(progress: { entries: number }): LdapHandler {
  return {
    async search(request, operation) {
      const count = Number(request.baseObject.slice(3));
      for (let index = 0; index < count; index++) {
        if (!operation.writable) await operation.drained();
        if (operation.isCancelled) return;
        operation.entry(entry);
        progress.entries++;
      }
      operation.done();
    },
  };
}

describe("a client that does not read", () => {
  it("stops a long answer, costs bounded memory, leaves others their service, and gets the rest when it reads", async () => {
    const progress = { entries: 0 };
    const { client } = await start({ handler: largeAnswers(progress) });
    const lazy = await client();
    lazy.socket.pause();
    const count = 5000;
    lazy.request(1, search(`cn=${count}`));
    await untilStill(() => progress.entries);
    // 50 MB were asked for; kernel buffers on both sides take some, the server keeps maxPendingWriteBytes.
    expect(progress.entries).toBeLessThan(2000);
    const other = await client();
    other.request(1, search("cn=1"));
    expect((await other.take(2)).map(([, { type }]) => type)).toEqual(["searchResultEntry", "searchResultDone"]);
    expect(progress.entries).toBeLessThan(2000);

    lazy.socket.resume();
    const answers = await lazy.take(count + 1);
    expect(answers.filter(([, { type }]) => type === "searchResultEntry")).toHaveLength(count);
    expect(answers.at(-1)).toEqual([1, result("searchResultDone")]);
  });

  it("has its further requests left unread", async () => {
    let begun = 0;
    const { client } = await start({
      handler: {
        search(_request, operation) {
          begun++;
          operation.entry(entry);
          operation.done();
        },
      },
    });
    const lazy = await client();
    lazy.socket.pause();
    const count = 3000;
    for (let id = 1; id <= count; id++) lazy.request(id, search("cn=a"));
    await untilStill(() => begun);
    expect(begun).toBeLessThan(2000);
    lazy.socket.resume();
    expect((await lazy.take(2 * count)).at(-1)).toEqual([count, result("searchResultDone")]);
  });

  it.each([false, true])(
    "is closed after writeTimeoutMs, and the handler that waits for it goes on (TLS: %s)",
    async (secure) => {
      const reason = deferred<CloseReason>();
      const cancelled = deferred<boolean>();
      const { server } = await start({
        tls: firstCertificate,
        limits: { writeTimeoutMs: 60 },
        handler: {
          async search(_request, operation) {
            while (!operation.isCancelled) {
              if (!operation.writable) await operation.drained();
              operation.entry(entry);
            }
            cancelled.resolve(operation.signal.aborted);
          },
        },
        observer: { connectionClosed: (event) => reason.resolve(event.reason) },
      });
      const { port } = await server.listen({ host: "127.0.0.1", port: 0, secure });
      const lazy = secure ? await RawClient.connectTls(port) : await RawClient.connect(port);
      lazy.socket.pause();
      lazy.request(1, search("cn=a"));
      expect(await cancelled.promise).toBe(true);
      expect(await reason.promise).toBe("writeTimeout");
      lazy.destroy();
    },
  );

  it("gets each of thousands of answers whole when they leave in pieces", async () => {
    const progress = { entries: 0 };
    const { client } = await start({ handler: largeAnswers(progress), limits: { maxPendingWriteBytes: 64 * 1024 } });
    const clients = await Promise.all(Array.from({ length: 4 }, () => client()));
    await Promise.all(
      clients.map(async (raw) => {
        raw.request(1, search("cn=300"));
        raw.request(2, search("cn=1"));
        const answers = await raw.take(303);
        const values = answers.flatMap(([, op]) => (op.type === "searchResultEntry" ? op.attributes[0]?.values : []));
        expect(values).toHaveLength(301);
        expect(values.every((found) => found !== undefined && Buffer.compare(found, value) === 0)).toBe(true);
      }),
    );
  });

  it("does not hold up other connections by one long answer that it does read", async () => {
    const progress = { entries: 0 };
    const { client } = await start({ handler: largeAnswers(progress) });
    const greedy = await client();
    greedy.socket.on("data", () => {});
    greedy.request(1, search("cn=100000"));
    await eventually(() => progress.entries > 100);
    const other = await client();
    other.request(1, search("cn=0"));
    expect(await other.next()).toEqual([1, result("searchResultDone")]);
    expect(progress.entries).toBeLessThan(100_000);
  });
});
