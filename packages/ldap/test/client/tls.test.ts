import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LdapClient } from "../../src/client/index.ts";
import { startTlsResponse } from "../../src/extended/start-tls.ts";
import { encodeMessage } from "../../src/message/encode.ts";
import { startRelay } from "../support/relay.ts";
import { base, describeWithSlapd, type Slapd, startSlapd, userDn, userPassword } from "../support/slapd.ts";
import { startTcpServer, type TcpServer } from "../support/tcp-server.ts";

const noResult = { matchedDn: "", diagnosticMessage: "", referral: [] };
const rootDse = { baseObject: "", scope: "baseObject", attributes: ["1.1"] } as const;

describeWithSlapd("TLS, against slapd", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd();
  });
  afterAll(() => slapd.stop());

  it("connects by ldaps with the server's authority", async () => {
    await using client = await LdapClient.connect({ url: slapd.ldapsUrl, tls: { ca: slapd.ca } });
    expect(client.secure).toBe(true);
    await client.bind(userDn(1), userPassword(1));
  });

  it("connects by StartTLS and goes on under TLS", async () => {
    await using client = await LdapClient.connect({ url: slapd.url, startTls: true, tls: { ca: slapd.ca } });
    expect(client.secure).toBe(true);
    await client.bind(userDn(1), userPassword(1));
    expect((await client.searchAll({ baseObject: base })).entries.length).toBe(202);
  });

  it("turns TLS on later, and then no longer says who is bound", async () => {
    await using client = await LdapClient.connect({ url: slapd.url, tls: { ca: slapd.ca } });
    await client.bind(userDn(1), userPassword(1));
    await client.startTls();
    expect([client.secure, client.authorization]).toEqual([true, { state: "unknown" }]);
    await client.whoAmI();
    await expect(client.startTls()).rejects.toThrow("TLS is on already.");
  });

  it.each([["ldaps"], ["StartTLS"]])("refuses another authority's certificate by %s", async (how) => {
    const url = how === "ldaps" ? slapd.ldapsUrl : slapd.url;
    await expect(
      LdapClient.connect({ url, startTls: how === "StartTLS", tls: { ca: slapd.otherCa } }),
    ).rejects.toMatchObject({
      name: "LdapClientError",
      code: "ERR_TLS",
      message: expect.stringMatching(
        /failed: .*\. Give the certificate of the authority that signed the server's as tls\.ca\.$/,
      ),
    });
  });

  it.each([["ldaps"], ["StartTLS"]])("refuses a certificate of another name by %s", async (how) => {
    const url = how === "ldaps" ? slapd.ldapsUrl : slapd.url;
    const tls = { ca: slapd.ca, servername: "ldap.example.net" };
    await expect(LdapClient.connect({ url, startTls: how === "StartTLS", tls })).rejects.toMatchObject({
      code: "ERR_TLS",
      message: expect.stringMatching(
        /Connect by a name that the certificate has, or give that name as tls\.servername\.$/,
      ),
      cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
  });

  it("verifies although the environment says not to", async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      await expect(LdapClient.connect({ url: slapd.ldapsUrl })).rejects.toMatchObject({ code: "ERR_TLS" });
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  it("says so when the port does not speak TLS", async () => {
    await expect(LdapClient.connect({ url: slapd.url.replace("ldap:", "ldaps:") })).rejects.toMatchObject({
      code: "ERR_TLS",
      message: expect.stringContaining("Does the server speak TLS on this port?"),
    });
  });

  it("never reconnects after a StartTLS connection is lost, least of all in clear text", async () => {
    await using relay = await startRelay(slapd.port);
    const client = await LdapClient.connect({ url: relay.url, startTls: true, tls: { ca: slapd.ca } });
    await client.bind(userDn(1), userPassword(1));
    const closed = once(client, "close");
    relay.cut();
    const [reason] = await closed;
    expect(reason).toMatchObject({ name: "LdapClientError", code: "ERR_CONNECTION_LOST" });
    await expect(client.whoAmI()).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST", cause: reason });
    await expect(client.bind(userDn(1), userPassword(1))).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
    await expect(client.search(rootDse).next()).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
    expect(relay.connectionCount).toBe(1);
  });
});

/** A server that answers the first message with `answer`; `after` resolves with what came then until the client closed. */
async function answering(answer: Uint8Array): Promise<{ server: TcpServer; after: Promise<string> }> {
  const { promise: after, resolve } = Promise.withResolvers<string>();
  const server = await startTcpServer((peer) => {
    peer.once("data", () => {
      const received: Buffer[] = [];
      peer
        .on("data", (chunk) => received.push(chunk))
        .on("close", () => resolve(Buffer.concat(received).toString("hex")));
      peer.write(answer);
    });
  });
  return { server, after };
}

it("takes no clear text that comes behind the answer to StartTLS", async () => {
  const agreed = encodeMessage({
    messageId: 1,
    protocolOp: startTlsResponse({ resultCode: 0, ...noResult }),
    controls: [],
  });
  const injected = encodeMessage({
    messageId: 2,
    protocolOp: { type: "searchResultDone", resultCode: 0, ...noResult },
    controls: [],
  });
  const { server, after } = await answering(Buffer.concat([agreed, injected]));
  await using _ = server;
  await expect(LdapClient.connect({ url: server.url, startTls: true })).rejects.toMatchObject({
    code: "ERR_TLS",
    message: expect.stringMatching(/sent clear text behind its answer to StartTLS; the connection was closed\.$/),
  });
  expect(await after).toBe("");
});

it("closes the connection when the server refuses StartTLS", async () => {
  const refused = startTlsResponse({ ...noResult, resultCode: 52, diagnosticMessage: "no TLS here" });
  const { server, after } = await answering(encodeMessage({ messageId: 1, protocolOp: refused, controls: [] }));
  await using _ = server;
  const client = await LdapClient.connect({ url: server.url });
  await expect(client.startTls()).rejects.toMatchObject({ name: "LdapError", message: "unavailable: no TLS here" });
  await expect(client.bind("cn=a", "secret")).rejects.toMatchObject({
    code: "ERR_TLS",
    message: `StartTLS with ${server.url} failed; the connection was closed.`,
  });
  expect(await after).toBe("");
});
