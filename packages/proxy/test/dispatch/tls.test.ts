import { readFile } from "node:fs/promises";
import { ResultCode, whoAmIRequest } from "@espalier/ldap";
import { LdapClient } from "@espalier/ldap/client";
import { createCertificateAuthority, requirePrograms, temporaryDirectory } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AssembledProxy } from "./assembled-proxy.ts";
import { passwords, RecordingServer } from "./recording-server.ts";
import { dnOf } from "./requests.ts";

const describe = requirePrograms({ openssl: "openssl" });

describe("over TLS", () => {
  const stack = new AsyncDisposableStack();
  let pem: { ca: string; cert: string; key: string };
  let server: RecordingServer;

  beforeAll(async () => {
    const directory = stack.use(await temporaryDirectory("dispatch-tls"));
    const authority = await createCertificateAuthority(directory.file("."));
    const { certificate, privateKey } = await authority.issue("both", ["localhost", "127.0.0.1"]);
    const [ca, cert, key] = await Promise.all(
      [authority.certificate, certificate, privateKey].map((file) => readFile(file, "utf8")),
    );
    pem = { ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
    server = stack.use(await RecordingServer.start());
  });
  afterAll(() => stack.disposeAsync());

  const proxyIn = (mode: "session" | "proxyauthz" | "identity"): Promise<AssembledProxy> =>
    AssembledProxy.start({
      mode,
      urls: [server.url],
      tls: { cert: pem.cert, key: pem.key, ca: pem.ca, clientCertificate: "optional" },
    });

  test.each(["session", "proxyauthz", "identity"] as const)(
    "StartTLS makes a bound client anonymous, and the session goes on in mode %s",
    async (mode) => {
      await using proxy = await proxyIn(mode);
      await using client = await LdapClient.connect({ url: proxy.url });
      await client.bind(dnOf("ann"), passwords.get(dnOf("ann")) ?? "");
      expect(await client.whoAmI()).toMatchObject({ authzId: `dn:${dnOf("ann")}` });
      await client.startTls({ ca: pem.ca });
      expect(await client.whoAmI()).toMatchObject({ authzId: "" });
      const again = client.extended(whoAmIRequest.requestName);
      await expect(again).resolves.toMatchObject({ resultCode: 0 });
      await client.bind(dnOf("bob"), passwords.get(dnOf("bob")) ?? "");
      expect(await client.whoAmI()).toMatchObject({ authzId: `dn:${dnOf("bob")}` });
    },
  );

  test("EXTERNAL binds as the subject of the client's certificate where the mode can be somebody without a password", async () => {
    for (const [mode, expected] of [
      ["proxyauthz", 0],
      ["session", ResultCode.authMethodNotSupported],
      ["identity", ResultCode.authMethodNotSupported],
    ] as const) {
      await using proxy = await proxyIn(mode);
      await using client = await LdapClient.connect({ url: proxy.url });
      await client.startTls({ ca: pem.ca, cert: pem.cert, key: pem.key });
      const bound = client.saslBind("EXTERNAL", Buffer.alloc(0));
      if (expected !== 0) {
        await expect(bound).rejects.toMatchObject({ resultCode: expected });
        continue;
      }
      expect(await bound).toMatchObject({ resultCode: 0 });
      expect(await client.whoAmI()).toMatchObject({ authzId: "dn:CN=localhost" });
      // Its operations run as that name.
      await client.modify("cn=external,dc=example,dc=com", []);
      expect(server.of("cn=external,dc=example,dc=com")).toMatchObject([{ as: "CN=localhost" }]);
      const another = client.saslBind("EXTERNAL", Buffer.from(`dn:${dnOf("ann")}`));
      await expect(another).rejects.toMatchObject({ resultCode: ResultCode.invalidCredentials });
      expect(await client.whoAmI()).toMatchObject({ authzId: "" });
    }
  });
});
