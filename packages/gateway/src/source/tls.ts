/** TLS to a database server, as far as `SQL_URI` and `SQL_SSL` ask for it. */
import { readFileSync } from "node:fs";
import { SourceError } from "./error.ts";
import type { ServerTarget } from "./url.ts";

/** What `tls.connect` is given, or false: a Unix socket has no TLS, whatever the mode. */
export function tlsOptions({ tls, socketPath }: ServerTarget): false | TlsOptions {
  if (tls.mode === "off" || socketPath !== undefined) return false;
  return {
    rejectUnauthorized: tls.mode !== "no-verify",
    ...(tls.mode === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
    ...(tls.authorityFile === undefined ? {} : { ca: readPem(tls.authorityFile) }),
    ...(tls.certificateFile === undefined ? {} : { cert: readPem(tls.certificateFile) }),
    ...(tls.keyFile === undefined ? {} : { key: readPem(tls.keyFile) }),
  };
}

interface TlsOptions {
  rejectUnauthorized: boolean;
  checkServerIdentity?: () => undefined;
  ca?: string;
  cert?: string;
  key?: string;
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new SourceError("ERR_SOURCE_URL", `SQL_URI names the file ${file}, which cannot be read.`, { cause });
  }
}
