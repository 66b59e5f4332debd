/** Which server an LDIF file is for, and the schemes of passwords that it knows: of the others it lets nobody in. */
import type { Project } from "../../engine/project.ts";
import type { LdifFile } from "../../inputs/ldif.ts";
import { imageOf } from "../compose/image.ts";

interface Server {
  readonly name: string;
  readonly schemes: ReadonlySet<string>;
  /** What it adds to entries, or has in its configuration, and no other server. */
  readonly attributes: RegExp;
  readonly images: RegExp;
}

export interface TargetServer extends Server {
  /** Its image is of Alpine, whose crypt(3) knows less. */
  readonly isAlpine: boolean;
}

const everywhere = "CRYPT MD5 SMD5 SHA SSHA SHA256 SSHA256 SHA384 SSHA384 SHA512 SSHA512 NS-MTA-MD5";
const pbkdf2 = "PBKDF2-SHA1 PBKDF2-SHA256 PBKDF2-SHA512";

const servers: readonly Server[] = [
  {
    name: "OpenLDAP",
    attributes: /^(?:olc|entrycsn$|contextcsn$|structuralobjectclass$)/,
    images: /openldap/,
    // With the modules that come with it, and those of its contrib folder.
    schemes: schemesOf(
      everywhere,
      pbkdf2,
      "CLEARTEXT UNIX SASL ARGON2 PBKDF2 APR1 BSDMD5 KERBEROS RADIUS",
      "TOTP1 TOTP256 TOTP512 TOTP1ANDPW TOTP256ANDPW TOTP512ANDPW",
    ),
  },
  {
    name: "389 Directory Server",
    attributes: /^(?:nsuniqueid$|nsslapd-)/,
    images: /^(?:389-?ds|dirsrv)/,
    schemes: schemesOf(
      everywhere,
      pbkdf2,
      "CLEAR PBKDF2_SHA256 CRYPT-MD5 CRYPT-SHA256 CRYPT-SHA512 GOST_YESCRYPT AES DES",
    ),
  },
];

function schemesOf(...names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((each) => each.split(" ")));
}

/** What only libxcrypt has: yescrypt, gost-yescrypt, scrypt. */
const unknownToAlpine: Readonly<Record<string, string>> = { y: "yescrypt", gy: "gost-yescrypt", "7": "scrypt" };

/** As the file's own attributes say; else as the images of the project's services do; else all that take LDIF. */
export function targetServersOf({ records }: LdifFile, project: Project): readonly TargetServer[] {
  const attributes = new Set(records.flatMap(({ record }) => typesOf(record).map((type) => type.toLowerCase())));
  const images = project.of("compose").flatMap(({ services }) => [...services].flatMap((each) => imageOf(each) ?? []));
  const bySaying = servers.filter((server) => [...attributes].some((type) => server.attributes.test(type)));
  const byImage = servers.filter((server) => images.some(({ name }) => server.images.test(name)));
  const found = [bySaying, byImage].find(({ length }) => length === 1) ?? servers;
  return found.map((server) => {
    const own = images.filter(({ name }) => server.images.test(name));
    return { ...server, isAlpine: own.length > 0 && own.every(({ text }) => text.includes("alpine")) };
  });
}

/** The scheme of a stored password, in words, where none of the servers knows it. */
export function unknownScheme(value: string, targets: readonly TargetServer[]): string | undefined {
  const [, scheme, body = ""] = /^\{([^{}\s]{1,32})\}(.*)$/s.exec(value) ?? [];
  if (scheme === undefined) return undefined;
  const name = scheme.toUpperCase();
  if (targets.every(({ schemes }) => !schemes.has(name))) return `{${name}}`;
  const [, id = ""] = /^\$([a-z0-9]+)\$/.exec(body) ?? [];
  const crypt = unknownToAlpine[id];
  return name === "CRYPT" && crypt !== undefined && targets.every(({ isAlpine }) => isAlpine)
    ? `{CRYPT} with ${crypt}`
    : undefined;
}

function typesOf(record: LdifFile["records"][number]["record"]): readonly string[] {
  if (record.type === "content" || record.type === "add") return record.attributes.map(({ type }) => type);
  return record.type === "modify" ? record.changes.map(({ modification }) => modification.type) : [];
}
