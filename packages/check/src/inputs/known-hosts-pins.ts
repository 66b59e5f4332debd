/**
 * Pins: fingerprints of host keys that somebody has compared with what the host itself shows. They are kept in a file beside
 * known_hosts, which has `.pins` after its name, a line a key:
 *
 *     ldap1.example.com SHA256:2Ft5…pQ ssh-ed25519
 *     [ldap1.example.com]:2222 SHA256:9fRz…Xo ecdsa-sha2-nistp256
 */
import { defineFormat } from "./format.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

export interface KnownHostsPins {
  readonly file: SourceFile;
  readonly pins: readonly KnownHostsPin[];
}

export interface KnownHostsPin {
  /** As the line of known_hosts has it: several with commas between them, a hash where that one is hashed. */
  readonly names: readonly string[];
  /** `SHA256:…` */
  readonly fingerprint: string;
  readonly type: string;
  readonly location: Location;
}

/** What stands after the name of a known_hosts file in that of its pins. */
export const pinsSuffix = ".pins";

const fingerprintForm = /^SHA256:[A-Za-z0-9+/]{43}$/;

export const knownHostsPinsFormat = defineFormat({
  kind: "knownHostsPins",
  recognizes: ({ path }) => /known_hosts2?\.pins$/.test(path),
  parse: (file) => [{ file, pins: parseKnownHostsPins(file) }],
});

/** @throws {InputError} */
export function parseKnownHostsPins(file: SourceFile): readonly KnownHostsPin[] {
  return file.text.split("\n").flatMap((line, index) => {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) return [];
    const [names, fingerprint, type, ...rest] = text.split(/\s+/);
    const location = file.locateLine(index + 1);
    if (names === undefined || fingerprint === undefined || type === undefined || rest.length > 0) {
      throw new InputError("a pin is a host, a fingerprint and a type of key: HOST SHA256:… ssh-ed25519", location);
    }
    if (!fingerprintForm.test(fingerprint)) {
      throw new InputError(
        "the fingerprint of a pin is SHA256: and 43 characters, as ssh-keygen -l shows it",
        location,
      );
    }
    return [{ names: names.split(","), fingerprint, type, location }];
  });
}

export function formatPin({ names, fingerprint, type }: Omit<KnownHostsPin, "location">): string {
  return `${names.join(",")} ${fingerprint} ${type}`;
}
