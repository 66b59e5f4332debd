/** A slapd that takes no writes: read-only, or a replica that refers to its provider. slapd.conf(5). */
import { mkdir, writeFile } from "node:fs/promises";
import { ChildServer, freePort, runCommand, succeed, temporaryDirectory } from "@espalier/tests/lab";

export interface Replica extends AsyncDisposable {
  readonly url: string;
}

/** The administrator is cn=admin,dc=example,dc=com with the password `secret`. */
export async function startReplica(kind: "read-only" | "refers"): Promise<Replica> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("replica"));
  await mkdir(directory.file("database"));
  const base = "dc=example,dc=com";
  const provider = "ldap://127.0.0.1:1";
  const refusal =
    kind === "read-only"
      ? ["readonly on"]
      : [
          `syncrepl rid=001 provider=${provider} searchbase="${base}" bindmethod=simple type=refreshOnly retry="3600 +"`,
          `updateref ${provider}`,
        ];
  const content = `dn: ${base}\nobjectClass: top\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n`;
  const lines = [
    ...["core", "cosine"].map((schema) => `include /etc/ldap/schema/${schema}.schema`),
    ...["modulepath /usr/lib/ldap", "moduleload back_mdb", "database mdb", `suffix "${base}"`],
    ...[`rootdn "cn=admin,${base}"`, "rootpw secret", `directory ${directory.file("database")}`],
  ];
  await writeFile(directory.file("content.ldif"), content);
  await writeFile(directory.file("slapd.conf"), `${lines.join("\n")}\n`);
  await succeed("slapadd", ["-f", directory.file("slapd.conf"), "-l", directory.file("content.ldif")]);
  await writeFile(directory.file("slapd.conf"), `${[...lines, ...refusal].join("\n")}\n`);
  const url = `ldap://127.0.0.1:${await freePort()}`;
  const process = cleanup.use(new ChildServer("slapd", ["-d", "0", "-h", url, "-f", directory.file("slapd.conf")]));
  const search = ["-x", "-H", url, "-b", "", "-s", "base", "1.1"];
  await process.ready(async () => (await runCommand("ldapsearch", search)).exitCode === 0);
  const resources = cleanup.move();
  return { url, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
