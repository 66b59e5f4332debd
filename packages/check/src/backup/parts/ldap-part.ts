/**
 * A directory as LDIF (RFC 2849): read over LDAP in pages (RFC 2696) with the operational attributes that a restore needs, or by
 * slapcat where the server is on this machine. Over LDAP it is read twice, the second time by name and version alone: where both
 * times agree, every entry was the same before and after the moment between them, and so what was written is of that moment.
 */
import {
  builtInSchema,
  formatLdifRecord,
  LdapError,
  LdifParseError,
  manageDsaITControl,
  normalizeDn,
  Oid,
  ParseError,
  type PartialAttribute,
  readLdif,
  subentriesControl,
} from "@espalier/ldap";
import { LdapClientError, type SearchEntry } from "@espalier/ldap/client";
import { BackupError } from "../backup-error.ts";
import { type Environment, programPath, streamOf } from "../child-program.ts";
import type { Contents } from "../contents.ts";
import { activeDirectory, baseOf, type OpenedNode, openCluster } from "../directory-connection.ts";
import { SetDigest } from "../set-digest.ts";
import type { DirectorySource } from "../source.ts";
import type { Bytes, PartToWrite, Surroundings } from "./part.ts";

export interface DirectoryEntry {
  readonly dn: string;
  readonly attributes: readonly PartialAttribute[];
}

const pageSize = 500;
/** What is written at a time: compression and encryption take longer over many small pieces. */
const chunkLength = 65_536;
/** What servers work out when they are asked, and do not store. */
const computed = new Set([
  ...["entrydn", "hassubordinates", "numsubordinates", "subschemasubentry", "tombstonenumsubordinates"],
  ...["entryid", "parentid", "nsaccountlockstatus", "pwdaccountlockedstatus"],
]);
const personClasses = new Set(["person", "inetorgperson", "posixaccount", "simplesecurityobject", "account"]);
/** Subentries of 389 Directory Server are found by their class alone. */
const everyEntry = "(|(objectClass=*)(objectClass=ldapSubEntry))";

export async function ldapParts(source: DirectorySource, { environment }: Surroundings): Promise<PartToWrite[]> {
  const { name, cluster, login, slapcat } = source;
  const opened = await openCluster(cluster, login, "read");
  const base = baseOf(cluster, opened.rootDse);
  const reading = new DirectoryReading(opened, base);
  const described = { baseDn: base, server: opened.rootDse.server };
  const fileName = name.replaceAll(":", "-");
  return [
    {
      ...described,
      name: name.replace(/^ldap:/, "ldap-schema:"),
      kind: "ldap-schema",
      source: opened.url,
      fileName: `${fileName}.schema.ldif`,
      content: () => subschema(opened),
      warnings: () => [],
    },
    {
      ...described,
      name,
      kind: "ldap",
      source: slapcat ?? opened.url,
      fileName: `${fileName}.ldif`,
      content: () => reading.ldif(slapcat === undefined ? reading.read() : slapcatEntries(slapcat, base, environment)),
      ...(slapcat === undefined ? { isTorn: () => reading.isTorn() } : {}),
      warnings: () => reading.warnings(),
      end: async () => opened[Symbol.asyncDispose](),
    },
  ];
}

/** All that it holds, as a backup over LDAP has it. */
export function readDirectory(opened: OpenedNode, base: string): Bytes {
  const reading = new DirectoryReading(opened, base);
  return reading.ldif(reading.read());
}

class DirectoryReading {
  readonly #opened: OpenedNode;
  readonly #base: string;
  #versions = new SetDigest();
  #people = 0;
  #passwords = 0;

  constructor(opened: OpenedNode, base: string) {
    this.#opened = opened;
    this.#base = base;
  }

  async *ldif(entries: AsyncIterable<DirectoryEntry>): AsyncGenerator<Uint8Array, void, undefined> {
    this.#people = 0;
    this.#passwords = 0;
    // No `version: 1` before them: slapadd takes it for an entry without a name.
    let text = "";
    for await (const entry of entries) {
      const attributes = entry.attributes.filter(
        ({ type, values }) => values.length > 0 && !computed.has(type.toLowerCase()),
      );
      this.#note(attributes);
      text += `${formatLdifRecord({ type: "content", dn: entry.dn, attributes })}\n`;
      if (text.length < chunkLength) continue;
      yield Buffer.from(text);
      text = "";
    }
    yield Buffer.from(text);
  }

  async *read(): AsyncGenerator<DirectoryEntry, void, undefined> {
    this.#versions = new SetDigest();
    for await (const entry of this.#search(["*", "+"])) {
      this.#versions.add(versionOf(entry));
      yield { dn: entry.objectName, attributes: entry.attributes };
    }
  }

  /** Whether an entry came, went or was changed since it was read. */
  async isTorn(): Promise<boolean> {
    const again = new SetDigest();
    const isVersioned = this.#opened.rootDse.server === "OpenLDAP";
    for await (const entry of this.#search(isVersioned ? ["entryCSN"] : ["*", "+"])) again.add(versionOf(entry));
    return again.tally.digest !== this.#versions.tally.digest;
  }

  warnings(): string[] {
    if (this.#opened.rootDse.server === activeDirectory) {
      return [
        "Active Directory shows no passwords and takes no accounts back over LDAP: make its own backup, too " +
          "(samba-tool domain backup, Windows Server Backup)",
      ];
    }
    if (this.#people === 0 || this.#passwords > 0) return [];
    return ["no entry has a userPassword: is the account that reads it allowed to see them?"];
  }

  #note(attributes: readonly PartialAttribute[]): void {
    const classes = attributes.find(({ type }) => type.toLowerCase() === "objectclass")?.values ?? [];
    if (classes.some((value) => personClasses.has(Buffer.from(value).toString().toLowerCase()))) this.#people += 1;
    if (attributes.some(({ type }) => type.toLowerCase() === "userpassword")) this.#passwords += 1;
  }

  async *#search(attributes: readonly string[]): AsyncGenerator<SearchEntry, void, undefined> {
    const { client, rootDse, url } = this.#opened;
    const search = { baseObject: this.#base, filter: everyEntry, attributes };
    // Referral objects are entries like others here; Active Directory has none.
    const controls = rootDse.supportedControls.has(Oid.manageDsaIT) ? [manageDsaITControl()] : [];
    try {
      yield* client.paged(search, { pageSize }, { controls }).entries();
      // 389 Directory Server knows the control too, and has given them already.
      if (rootDse.supportedControls.has(Oid.subentries) && rootDse.server !== "389") {
        const { entries } = await client.searchAll(search, { controls: [...controls, subentriesControl(true)] });
        yield* entries;
      }
    } catch (error) {
      if (!(error instanceof LdapError || error instanceof LdapClientError)) throw error;
      throw new BackupError("failed", `${url} did not give all of ${this.#base}: ${error.message}`, { cause: error });
    }
  }
}

/** With the CSN that OpenLDAP gives each version of an entry; without one, all that there is. */
function versionOf(entry: SearchEntry): string {
  const csn = entry.text("entryCSN");
  return csn === undefined
    ? canonicalEntry({ dn: entry.objectName, attributes: entry.attributes })
    : `${normalName(entry.objectName)}\n${csn}`;
}

async function* slapcatEntries(
  path: string,
  base: string,
  environment: Environment,
): AsyncGenerator<DirectoryEntry, void, undefined> {
  const which = path.endsWith(".conf") ? "-f" : "-F";
  const output = streamOf(programPath("slapcat", "slapd", environment), [which, path, "-b", base], { environment });
  yield* entriesOf(output);
}

/** @throws Error whose message says where it is no LDIF */
export async function* entriesOf(content: Bytes): AsyncGenerator<DirectoryEntry, void, undefined> {
  for await (const { record, line } of readLdif(content)) {
    if (record.type !== "content") throw new LdifParseError(line, "a change, where there are entries only.");
    yield record;
  }
}

export async function inspectLdap(content: Bytes): Promise<Contents> {
  const entries = new SetDigest();
  for await (const entry of entriesOf(content)) entries.add(canonicalEntry(entry));
  return { entries: entries.tally };
}

/** One text for an entry, in whatever order and spelling a server gives its attributes and values. */
export function canonicalEntry({ dn, attributes }: DirectoryEntry): string {
  const lines = attributes
    .filter(({ type }) => !computed.has(type.toLowerCase()))
    .flatMap(({ type, values }) =>
      values.map(
        (value) =>
          `${type.toLowerCase()} ${Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64")}`,
      ),
    );
  return [normalName(dn), ...lines.sort()].join("\n");
}

/** A name that is none to this library is still one to the server: it is compared as it is spelt. */
export function normalName(dn: string): string {
  try {
    return normalizeDn(dn, builtInSchema);
  } catch (error) {
    if (error instanceof ParseError) return dn.toLowerCase();
    throw error;
  }
}

/** The subschema entry (RFC 4512 §4.2): a scratch server must know the same attributes and classes. */
async function* subschema({ client, rootDse }: OpenedNode): AsyncGenerator<Uint8Array, void, undefined> {
  const { subschemaSubentry: dn } = rootDse;
  if (dn === undefined) throw new BackupError("failed", `${client.url} does not say where its schema is.`);
  const attributes = ["attributeTypes", "objectClasses", "ldapSyntaxes"];
  const { entries } = await client.searchAll({
    baseObject: dn,
    scope: "baseObject",
    attributes,
    filter: "(objectClass=*)",
  });
  const [entry] = entries;
  if (entry === undefined) throw new BackupError("failed", `${client.url} does not show its schema (${dn}).`);
  yield Buffer.from(
    formatLdifRecord({ type: "content", dn, attributes: entry.attributes.filter(({ values }) => values.length > 0) }),
  );
}
