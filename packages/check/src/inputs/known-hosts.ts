/** known_hosts files: which key each host has. sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". */
import { createHmac } from "node:crypto";
import { defineFormat } from "./format.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";
import { parseSshPublicKey, type SshPublicKey } from "./ssh-public-key.ts";

export interface KnownHosts {
  readonly file: SourceFile;
  readonly hosts: readonly KnownHost[];
}

export interface KnownHost {
  readonly marker: "cert-authority" | "revoked" | undefined;
  /** Names, patterns, or one hashed name, as written. */
  readonly names: readonly string[];
  readonly key: SshPublicKey;
  readonly location: Location;
}

export const knownHostsFormat = defineFormat({
  kind: "knownHosts",
  recognizes: ({ path }) => /(?:^|\/|[._-])(?:ssh_)?known_hosts2?$/.test(path),
  parse: (file) => [{ file, hosts: parseKnownHosts(file) }],
});

/** @throws {InputError} for a line that is not of the form: OpenSSH passes over it, and asks for a host that seemed known. */
export function parseKnownHosts(file: SourceFile): readonly KnownHost[] {
  return file.text.split("\n").flatMap((line, index) => {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) return [];
    const location = file.locateLine(index + 1);
    const [, marker, names, type, base64] = /^(?:(@\S+)\s+)?(\S+)\s+(\S+)\s+(\S+)(?:\s.*)?$/.exec(text) ?? [];
    const key = type === undefined || base64 === undefined ? undefined : parseSshPublicKey(type, base64);
    if (names === undefined || key === undefined) {
      throw new InputError("this line has no host, key type and key of that type; correct or remove it", location);
    }
    if (marker !== undefined && marker !== "@cert-authority" && marker !== "@revoked") {
      throw new InputError("a line begins with @cert-authority, @revoked, or the host", location);
    }
    const known = marker === undefined ? undefined : marker === "@revoked" ? "revoked" : "cert-authority";
    return [{ marker: known, names: names.split(","), key, location }];
  });
}

/** The name under which a host is kept: `ldap1.example.com`, `[ldap1.example.com]:2222`. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Whether a name as it is written, plain or hashed, is exactly this host; patterns are not looked at. */
export function isNameOf(written: string, name: string): boolean {
  if (!written.startsWith("|")) return written.toLowerCase() === name;
  const [, , salt = "", hash] = written.split("|");
  return hashOf(name, salt) === hash;
}

/** As `ssh-keygen -H` writes it. @param salt 20 random bytes. */
export function hashedName(name: string, salt: Buffer): string {
  const text = salt.toString("base64");
  return `|1|${text}|${hashOf(name, text)}`;
}

function hashOf(name: string, salt: string): string {
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64");
}
