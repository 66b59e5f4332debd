/** Apache httpd as docs/clients/apache.md configures it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Apache, startApache } from "../lab/apache.ts";
import { requirePrograms, startProxy } from "../lab/index.ts";
import { ClientDocument } from "./document.ts";
import { type Site, startSite } from "./site.ts";

const describe = requirePrograms({
  postgres: "postgresql-15",
  openssl: "openssl",
  apache2: "apache2-bin",
  "/usr/lib/apache2/modules/mod_authnz_ldap.so": "apache2-bin",
});

describe("Apache httpd", () => {
  const page = new ClientDocument("apache");
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let apache: Apache;
  beforeAll(async () => {
    site = cleanup.use(await startSite());
    apache = cleanup.use(await start(site.hosts));
  });
  afterAll(() => cleanup.disposeAsync());

  /** One that remembers nobody yet. */
  const start = (servers: Readonly<Record<string, string>>) => {
    const replacements = { ...servers, "/etc/ssl/certs/espalier.pem": site.authority };
    const configuration = page.file("/etc/apache2/conf-available/espalier.conf", replacements);
    return startApache(configuration, ["/private", "/private/admins"]);
  };

  /** The status of the answer. */
  const get = async (path: string, user: string, password: string, server = apache) => {
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    return (await fetch(server.url + path, { headers: { authorization } })).status;
  };

  it("shows a member of the group the page, with the password and with nothing else", async () => {
    expect(await get("/private/", "ann", "pw-ann")).toBe(200);
    expect(await get("/private/", "ann", "pw-bob")).toBe(401);
    expect(await get("/private/", "ann", "")).toBe(401);
    expect((await fetch(`${apache.url}/private/`)).status).toBe(401);
  });

  it("refuses who is not in the group, suspended, not there, or a filter", async () => {
    expect(await get("/private/", "bob", "pw-bob")).toBe(401);
    expect(await get("/private/", "carl", "pw-carl")).toBe(401);
    expect(await get("/private/", "nobody-such-user", "pw-ann")).toBe(401);
    expect(await get("/private/", "an*", "pw-ann")).toBe(401);
    expect(await get("/private/", "ann)(uid=*", "pw-ann")).toBe(401);
  });

  it("shows the administrators' page to those whom the filter finds", async () => {
    expect(await get("/private/admins/", "ann", "pw-ann")).toBe(200);
    expect(await get("/private/admins/", "dora", "pw-dora")).toBe(401);
  });

  it("does the same through the proxy", async () => {
    const parameters = ["--ca", site.authority, ...site.addresses.map((address) => `ldaps://${address}:${site.port}`)];
    await using proxy = await startProxy({ parameters });
    const proxied = cleanup.use(
      await start({ "ldaps://ldap1.example.com ldap2.example.com": `ldap://127.0.0.1:${proxy.port}` }),
    );
    expect(await get("/private/", "ann", "pw-ann", proxied)).toBe(200);
    expect(await get("/private/", "ann", "pw-bob", proxied)).toBe(401);
    expect(await get("/private/", "bob", "pw-bob", proxied)).toBe(401);
    await proxy.process.kill();
    expect(await get("/private/", "dora", "pw-dora", proxied)).toBe(500);
  });

  it("goes on with the second gateway when the first is killed", async () => {
    await site.killFirst();
    expect(await get("/private/", "dora", "pw-dora")).toBe(200);
    expect(await get("/private/", "dora", "pw-bob")).toBe(401);
  });

  it("says 500 and never 401 while the database is away, and goes on when it is back", async () => {
    await site.postgres.stop();
    expect(await get("/private/", "dora", "pw-carl")).toBe(500);
    await using another = await start(site.hosts);
    expect(await get("/private/", "ann", "pw-ann", another)).toBe(500);
    expect(await get("/private/", "not-there", "pw-ann", another)).toBe(500);
    await site.postgres.start();
    expect(await get("/private/", "ann", "pw-ann", another)).toBe(200);
    expect(await get("/private/", "not-there", "pw-ann", another)).toBe(401);
  });

  it("says 500 and never 401 while no gateway runs, and goes on when one does", async () => {
    await site.killBoth();
    expect(await get("/private/", "somebody-new", "pw-ann")).toBe(500);
    expect(await get("/private/", "ann", "pw-dora")).toBe(500);
    await site.startBoth();
    expect(await get("/private/", "somebody-new", "pw-ann")).toBe(401);
    expect(await get("/private/", "ann", "pw-ann")).toBe(200);
  });

  it("says 500 and never 401 when the gateways have nothing to answer from", async () => {
    await site.loseEverything();
    expect(await get("/private/", "another-new-one", "pw-ann")).toBe(500);
    expect(await get("/private/", "dora", "pw-ann")).toBe(500);
  });
});
