import { expect, it } from "vitest";
import { LdapError } from "../../src/error.ts";
import { ResultCode } from "../../src/result-code.ts";
import { createLdapServer } from "../../src/server/index.ts";
import { bind, bindResponse, RawClient, result, search } from "./raw-client.ts";

it("a minimal server: one entry, one user", async () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const ann = {
    objectName: "uid=ann,dc=example,dc=com",
    attributes: [
      { type: "uid", values: [text("ann")] },
      { type: "mail", values: [text("ann@example.com")] },
    ],
  };

  const server = createLdapServer({
    handler: {
      bind(request, operation) {
        const { authentication } = request;
        if (authentication.type !== "simple") throw new LdapError(ResultCode.authMethodNotSupported);
        const password = new TextDecoder().decode(authentication.password);
        if (request.name !== ann.objectName || password !== "correct horse") {
          throw new LdapError(ResultCode.invalidCredentials);
        }
        operation.session.authorization = { dn: request.name };
        operation.end();
      },
      search(request, operation) {
        if (request.baseObject !== ann.objectName) throw new LdapError(ResultCode.noSuchObject);
        operation.entry(ann);
        operation.done();
      },
    },
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });

  const client = await RawClient.connect(port);
  client.request(1, bind(ann.objectName, "correct horse"));
  client.request(2, search(ann.objectName));
  client.request(3, search("uid=bob,dc=example,dc=com"));
  expect(await client.take(4)).toEqual([
    [1, bindResponse()],
    [2, { type: "searchResultEntry", ...ann }],
    [2, result("searchResultDone")],
    [3, result("searchResultDone", ResultCode.noSuchObject)],
  ]);
  client.destroy();
  await server.drain(1_000);
});
