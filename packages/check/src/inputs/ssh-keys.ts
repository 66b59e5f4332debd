/** authorized_keys and `.pub` files: keys that log in, and keys of hosts. sshd(8), "AUTHORIZED_KEYS FILE FORMAT". */
import { defineFormat } from "./format.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";
import { parseSshPublicKey, type SshPublicKey } from "./ssh-public-key.ts";

export interface SshKeys {
  readonly file: SourceFile;
  readonly keys: readonly { readonly key: SshPublicKey; readonly comment: string; readonly location: Location }[];
}

/** Types of keys and of certificates, and before them options with quoted values, which may hold blanks. */
const line =
  /^(?:(?:[^\s"]|"(?:[^"\\]|\\.)*")+\s+)?((?:sk-)?(?:ssh|ecdsa)-[\w@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s+(.*))?$/;

export const sshKeysFormat = defineFormat({
  kind: "sshKeys",
  recognizes: ({ path, text }) =>
    /(?:^|\/|[._-])authorized_keys2?$/.test(path) ||
    (path.endsWith(".pub") && /^(?:sk-)?(?:ssh|ecdsa)-\S+ AAAA/.test(text)),
  parse: (file) => [{ file, keys: keysOf(file) }],
});

function keysOf(file: SourceFile): SshKeys["keys"] {
  return file.text.split("\n").flatMap((text, index) => {
    const trimmed = text.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    const location = file.locateLine(index + 1);
    const [, type, base64, comment = ""] = line.exec(trimmed) ?? [];
    const key = type === undefined || base64 === undefined ? undefined : parseSshPublicKey(type, base64);
    if (key === undefined) {
      throw new InputError("this line has no key of the type that it names; correct or remove it", location);
    }
    return [{ key, comment, location }];
  });
}
