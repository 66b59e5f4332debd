/**
 * What the configuration files of docs/clients/grafana.md and docs/clients/authelia.md make those programs send: a bind of the
 * service account, a search for who logs in, a search for their groups, a bind of the DN found. The programs themselves do not run.
 */
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import {
  childEnvironment,
  espalierCommand,
  ldapsearch,
  requirePrograms,
  runCommand,
  startProxy,
  succeed,
  temporaryDirectory,
} from "../lab/index.ts";
import { ClientDocument } from "./document.ts";
import { type Site, serviceAccount, startSite } from "./site.ts";

const describe = requirePrograms({ postgres: "postgresql-15", openssl: "openssl", ldapsearch: "ldap-utils" });

/** What a program is configured with, in no program's own words. */
interface Configured {
  readonly url: string;
  readonly authority?: string;
  readonly account: string;
  readonly base: string;
  readonly attributes: readonly string[];
  /** The filter for who logs in by this name. */
  filterFor(name: string): string;
  /** At most so many entries are asked for: `-z` of ldapsearch. */
  readonly sizeLimit: string;
}

/** RFC 4515 §3, as go-ldap does it for both programs. */
function escaped(text: string): string {
  return text.replace(/[()*\\\0]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

async function search(configured: Configured, filter: string, attributes: readonly string[], sizeLimit = "0") {
  const credentials = ["-D", configured.account, "-w", serviceAccount.password, "-z", sizeLimit];
  const { url, base, authority } = configured;
  const found = await ldapsearch(url, {
    ...{ base, filter, attributes, options: credentials },
    ...(authority === undefined ? {} : { authority }),
  });
  return { resultCode: found.resultCode, entries: found.entries };
}

const findUser = (configured: Configured, name: string) =>
  search(configured, configured.filterFor(name), configured.attributes, configured.sizeLimit);

/** Whether the DN and password bind: the exit code is LDAP's result code, 255 where there was no answer. */
async function bind({ url, authority }: Configured, dn: string, password: string): Promise<number> {
  const environment = { LDAPTLS_CACERT: authority, LDAPTLS_REQCERT: "demand" };
  const { exitCode } = await runCommand("ldapwhoami", ["-x", "-H", url, "-D", dn, "-w", password], { environment });
  return exitCode;
}

const annsDn = "uid=ann,dc=example,dc=com";
const [team, admins] = ["cn=team,dc=example,dc=com", "cn=admins,dc=example,dc=com"];
const nobody = { resultCode: 0, entries: [] };

describe("a login", () => {
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let grafana: Configured & { readonly roles: readonly string[] };
  let authelia: Configured & { groupsFilterFor(dn: string): string; readonly groupName: string };
  beforeAll(async () => {
    site = cleanup.use(await startSite());
    grafana = grafanaConfiguration(site);
    const parameters = ["--ca", site.authority, ...site.addresses.map((address) => `ldaps://${address}:${site.port}`)];
    const proxy = cleanup.use(await startProxy({ parameters }));
    authelia = autheliaConfiguration(proxy.url);
  });
  afterAll(() => cleanup.disposeAsync());

  it("of Grafana finds the user with their groups, and those have a role", async () => {
    const attributes = { uid: ["ann"], cn: ["Ann Smith"], mail: ["Ann.Smith@example.com"], memberOf: [team, admins] };
    const found = await findUser(grafana, "ann");
    expect(found).toEqual({ resultCode: 0, entries: [{ dn: annsDn, attributes: expect.anything() }] });
    expect(sorted(found.entries[0]?.attributes)).toEqual(sorted(attributes));
    expect(grafana.roles).toEqual([admins, team]);
    expect((await findUser(grafana, "bob")).entries[0]?.attributes.memberOf).toBeUndefined();
  });

  it("of Authelia finds the user by name and by address, and the names of their groups", async () => {
    const attributes = { uid: ["ann"], cn: ["Ann Smith"], mail: ["Ann.Smith@example.com"] };
    const entries = [{ dn: annsDn, attributes }];
    expect(await findUser(authelia, "ann")).toEqual({ resultCode: 0, entries });
    expect(await findUser(authelia, "ann.smith@example.com")).toEqual({ resultCode: 0, entries });
    const groups = await search(authelia, authelia.groupsFilterFor(annsDn), [authelia.groupName]);
    expect(groups.entries.flatMap((group) => group.attributes[authelia.groupName] ?? []).sort()).toEqual([
      "admins",
      "team",
    ]);
  });

  it("of Authelia can be: it reads first what the server supports, and is told", async () => {
    const options = ["-D", authelia.account, "-w", serviceAccount.password, "-z", "1"];
    const attributes = ["supportedExtension", "supportedControl"];
    const { resultCode, entries } = await ldapsearch(authelia.url, { base: "", scope: "base", attributes, options });
    expect([resultCode, Object.keys(entries[0]?.attributes ?? {}).sort()]).toEqual([0, attributes.toSorted()]);
  });

  it.each(["Grafana", "Authelia"])("of %s is by the password, and nobody else's", async (program) => {
    const configured = program === "Grafana" ? grafana : authelia;
    expect(await bind(configured, annsDn, "pw-ann")).toBe(0);
    expect(await bind(configured, annsDn, "pw-bob")).toBe(49);
    for (const name of ["carl", "nobody-such-user", "an*", "ann)(uid=*"]) {
      expect(await findUser(configured, name)).toEqual(nobody);
    }
  });

  it("of a service account that was made as the page says finds users", async () => {
    const password = (await succeed("openssl", ["rand", "-base64", "30"])).trim();
    const hash = (await succeed("openssl", ["passwd", "-6", "-stdin"], { input: `${password}\n` })).trim();
    await site.postgres.psql(
      `INSERT INTO "Users" ("uidNumber", "uid", "gidNumber", "userPassword", "status")
       VALUES (2901, 'svc-new', 2901, '${hash}', 'active')`,
    );
    const options = ["-D", "uid=svc-new,dc=example,dc=com", "-w", password];
    const { url, authority, base } = grafana;
    const query = { base, filter: "uid=ann", attributes: ["memberOf"], options, authority: authority! };
    const attributes = { memberOf: expect.toSatisfy((groups: string[]) => groups.includes(team)) };
    expect((await ldapsearch(url, query)).entries).toEqual([{ dn: annsDn, attributes }]);
  });

  it("ends with an error, and never with nobody or a wrong password, while no gateway answers", async () => {
    await site.killBoth();
    for (const configured of [grafana, authelia]) {
      const { resultCode, entries } = await findUser(configured, "ann");
      const codes = [resultCode, await bind(configured, annsDn, "pw-ann")];
      expect([codes.filter((code) => code === 0 || code === 49), entries]).toEqual([[], []]);
    }
  });
});

describe("espalier check", () => {
  it.each([
    ["finds nothing in the page's file for Authelia", {}, 0],
    ["finds a gateway that Authelia speaks to in clear text", { "127.0.0.1:389": "ldap1.example.com" }, 1],
  ])("%s", async (_, replacements, exitCode) => {
    await using directory = await temporaryDirectory("authelia");
    const file = new ClientDocument("authelia").file("/etc/authelia/configuration.yml", replacements);
    await writeFile(directory.file("configuration.yml"), file);
    const options = { cwd: directory.path, env: childEnvironment(), encoding: "utf8" } as const;
    const { status, stdout } = spawnSync(process.execPath, [espalierCommand, "check", "--profile", "strict"], options);
    expect([status, stdout]).toEqual([
      exitCode,
      expect.stringContaining(exitCode === 0 ? "Nothing found  (1 file" : "LDP004"),
    ]);
  });
});

function grafanaConfiguration(site: Site): Configured & { readonly roles: readonly string[] } {
  const [first, second] = site.addresses;
  const text = new ClientDocument("grafana").file("/etc/grafana/ldap.toml", {
    "ldap1.example.com": first,
    "ldap2.example.com": second,
    "port = 636": `port = ${site.port}`,
    "/etc/ssl/certs/espalier.pem": site.authority,
  });
  // TOML of one `name = value` a line, whose values are those of JSON.
  const values = Map.groupBy([...text.matchAll(/^(\w+) = (.+)$/gm)], ([, name]) => name!);
  const all = (name: string) => (values.get(name) ?? []).map(([, , value]) => JSON.parse(value!) as string);
  const one = (name: string) => all(name)[0]!;
  return {
    url: `ldaps://${one("host").split(" ")[0]}:${one("port")}`,
    authority: one("root_ca_cert"),
    account: one("bind_dn"),
    base: one("search_base_dns")[0]!,
    attributes: ["username", "name", "email", "member_of"].map(one),
    filterFor: (name) => `(|${one("search_filter").replaceAll("%s", escaped(name))})`,
    sizeLimit: "0",
    roles: all("group_dn"),
  };
}

function autheliaConfiguration(url: string) {
  const text = new ClientDocument("authelia").file("/etc/authelia/configuration.yml", {
    "ldap://127.0.0.1:389": url,
  });
  const { ldap } = (parse(text) as { authentication_backend: { ldap: AutheliaLdap } }).authentication_backend;
  const { username, mail, display_name: displayName, group_name: groupName } = ldap.attributes;
  return {
    url: ldap.address,
    account: ldap.user,
    base: ldap.base_dn,
    attributes: [username, mail, displayName],
    filterFor: (name: string) =>
      ldap.users_filter
        .replaceAll("{username_attribute}", username)
        .replaceAll("{mail_attribute}", mail)
        .replaceAll("{input}", escaped(name)),
    sizeLimit: "1",
    groupsFilterFor: (dn: string) => ldap.groups_filter.replaceAll("{dn}", escaped(dn)),
    groupName,
  };
}

interface AutheliaLdap {
  readonly address: string;
  readonly user: string;
  readonly base_dn: string;
  readonly users_filter: string;
  readonly groups_filter: string;
  readonly attributes: Readonly<Record<"username" | "mail" | "display_name" | "group_name", string>>;
}

function sorted(attributes: Readonly<Record<string, readonly string[]>> = {}) {
  return Object.fromEntries(Object.entries(attributes).map(([type, values]) => [type, values.toSorted()]));
}
