/** Which files hold secrets: by what is in them, by their names, and by what compose files say they are. */
import { dirname, resolve } from "node:path";
import { onceAProject } from "../../engine/once-a-project.ts";
import type { Project } from "../../engine/project.ts";
import type { FilePermissions, SourceFile } from "../../inputs/source-file.ts";
import { isSwitchOrPath, tellsSecret, urlPassword } from "../secrets/secret-name.ts";

export interface SecretFile extends FilePermissions {
  readonly path: string;
  /** `a private key`, `secrets of an environment`: what follows "holds". */
  readonly what: string;
  /** Undefined where it is not text. */
  readonly file: SourceFile | undefined;
}

/** A file that shows what a real one looks like. */
export function isExample(path: string): boolean {
  return /(?:^|[./_-])(?:examples?|samples?|templates?|dist|defaults?)(?:[./_-]|$)/i.test(path);
}

const privateKey = /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*$/m;
/** A key that lies in a file by itself, and is not quoted in a program or a text. */
const keyFile = /(?:^|\/)[^./]+$|\.(?:pem|key|p8|crt|cert|asc|priv|pk8)$/i;

const names: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)\.pgpass$|(?:^|\/)\.?netrc$|(?:^|\/)\.my\.cnf$|(?:^|\/)\.git-credentials$/, "passwords"],
  [/\.keytab$/, "Kerberos keys"],
  [/\.(?:p12|pfx|jks|keystore)$/i, "a keystore"],
  [/\.kdbx$/i, "a store of passwords"],
  [/(?:^|\/)krb5cc_\w+$|(?:^|\/)cache_[^/]+\.ldb$|(?:^|\/)\.cache\/[0-9a-f]{32,}\.json$/, "cached credentials"],
  [/(?:^|\/)\.?secrets\/[^/]*$/, "a secret"],
];
/** Where the name says what is in it; what has many lines under it is something else, as /etc/passwd is. */
const secretName = /(?:^|[/_.-])(?:password|passwd|secret|token|credentials?)(?:\.(?:txt|secret|pw|pass))?$/i;
const maxLines = 3;
/** In a folder `secrets` these are not one themselves. */
const notSecret =
  /(?:^|\/)(?:README[^/]*|\.git(?:ignore|keep|attributes)|\.keep)$|\.(?:md|pub|[cm]?[jt]sx?|py|go|rs|kts?|java|sh|sql|ya?ml|html?|css|enc|age|gpg|sops)$/i;

/** What every server shows to everybody, also where compose hands it out as a secret. */
function isPublicCertificate(text: string): boolean {
  return /^-----BEGIN CERTIFICATE-----\s*$/m.test(text) && !privateKey.test(text);
}

/** Each once, in the order in which files were read. */
export const secretFiles = onceAProject((project): readonly SecretFile[] => {
  const environments = new Map(project.of("dotenv").map((file) => [file.path, file]));
  const ofCompose = new Map(composeSecretFiles(project).map(({ file, name }) => [file.path, name]));
  const holds = (path: string, text?: string): string | undefined => {
    if (text !== undefined && isPublicCertificate(text)) return undefined;
    if (ofCompose.has(path)) return `the secret ${ofCompose.get(path)} of a compose file`;
    if (text !== undefined && keyFile.test(path) && privateKey.test(text)) return "a private key";
    const environment = environments.get(path);
    if (environment !== undefined) {
      const isSecret = environment.variables.some(
        ({ name, value }) => (tellsSecret(name) && !isSwitchOrPath(value)) || urlPassword.test(value),
      );
      return isSecret && !isExample(path) ? "secrets of an environment" : undefined;
    }
    if (notSecret.test(path) || isExample(path) || text?.trim() === "") return undefined;
    const isSecret = secretName.test(path) && text !== undefined && text.trim().split("\n").length <= maxLines;
    return names.find(([name]) => name.test(path))?.[1] ?? (isSecret ? "a secret" : undefined);
  };
  const texts = project.of("file").flatMap((file) => {
    const what = holds(file.path, file.text);
    const { path, mode, uid, gid } = file;
    return what === undefined ? [] : [{ path, mode, uid, gid, what, file }];
  });
  const others = project.of("binaryFile").flatMap(({ path, mode, uid, gid }) => {
    const what = holds(path);
    return what === undefined ? [] : [{ path, mode, uid, gid, what, file: undefined }];
  });
  return [...texts, ...others];
});

/** The files that `secrets:` of compose files name, with the name that they have there. */
export function composeSecretFiles(project: Project): readonly { readonly file: SourceFile; readonly name: string }[] {
  const byPath = new Map(project.of("file").map((file) => [file.absolutePath, file]));
  const found = new Map<SourceFile, string>();
  for (const { model } of project.of("compose")) {
    for (const [name, node] of model.get("secrets")?.entries() ?? []) {
      const path = node.get("file")?.text;
      if (path === undefined) continue;
      const file = byPath.get(resolve(project.root, dirname(node.location.file), path));
      if (file !== undefined) found.set(file, name);
    }
  }
  return [...found].map(([file, name]) => ({ file, name }));
}
