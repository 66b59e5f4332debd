/** An OpenLDAP server with Debian's schemas as they are (a groupOfNames has a member, accounts have shadow data) and overlays that are set up. */
import { mkdir, writeFile } from "node:fs/promises";
import { ChildServer, freePort, runCommand, succeed, temporaryDirectory } from "@espalier/tests/lab";

export interface DebianSlapd extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly rootDn: string;
  readonly rootPassword: string;
}

export interface DebianSlapdOptions {
  readonly ldif: string;
  /** Lines of slapd.conf behind the database: overlays and their settings, and modules by themselves. */
  readonly modules?: readonly string[];
  readonly overlays?: readonly string[];
  /** Lines about cn=config, which is not there without them. */
  readonly configuration?: readonly string[];
  /** In place of: everybody reads all but userPassword. */
  readonly access?: readonly string[];
}

export const baseDn = "dc=example,dc=com";
const rootDn = `cn=admin,${baseDn}`;
const rootPassword = "root-password";

export async function startDebianSlapd(options: DebianSlapdOptions): Promise<DebianSlapd> {
  const { ldif, modules = [], overlays = [], configuration: aboutConfiguration = [] } = options;
  const { access = ["access to attrs=userPassword by anonymous auth by * none", "access to * by * read"] } = options;
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("debian-slapd"));
  await mkdir(directory.file("database"));
  const lines = [
    ...["core", "cosine", "inetorgperson", "nis"].map((name) => `include /etc/ldap/schema/${name}.schema`),
    "modulepath /usr/lib/ldap",
    ...["back_mdb", ...modules].map((name) => `moduleload ${name}`),
    "sizelimit unlimited",
    "loglevel none",
    ...(aboutConfiguration.length === 0 ? [] : ["database config", ...aboutConfiguration]),
    "database mdb",
    `suffix "${baseDn}"`,
    `rootdn "${rootDn}"`,
    `rootpw ${rootPassword}`,
    `directory ${directory.file("database")}`,
    "maxsize 1073741824",
    "index objectClass,uid,cn,mail,uidNumber,gidNumber,memberUid,member,uniqueMember eq",
    ...access,
    ...overlays,
  ];
  const configuration = directory.file("slapd.conf");
  await writeFile(configuration, `${lines.join("\n")}\n`);
  await writeFile(directory.file("content.ldif"), ldif);
  await succeed("slapadd", ["-q", "-f", configuration, "-l", directory.file("content.ldif")]);
  const port = await freePort();
  const url = `ldap://127.0.0.1:${port}`;
  const server = new ChildServer("slapd", ["-d", "0", "-h", url, "-f", configuration]);
  cleanup.defer(async () => void (await server.terminate()));
  await server.ready(async () => {
    const search = ["-x", "-H", url, "-b", "", "-s", "base", "1.1"];
    return (await runCommand("ldapsearch", search)).exitCode === 0;
  });
  const resources = cleanup.move();
  return { url, port, rootDn, rootPassword, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
