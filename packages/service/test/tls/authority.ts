/** A certificate authority of OpenSSL's making: certificates as administrators have them, not made by the code under test. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../temporary-directory.ts";

export interface Issued {
  readonly certPath: string;
  readonly keyPath: string;
}

export interface Authority {
  readonly directory: string;
  /** Signed by `issuer`, or by itself where there is none. Dates as OpenSSL takes them: `20240101000000Z`. */
  issue(name: string, options?: { issuer?: Issued; notBefore?: string; notAfter?: string; key?: "ec" | "rsa" }): Issued;
  openssl(...args: string[]): string;
}

export function createAuthority(): Authority {
  const directory = temporaryDirectory();
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { encoding: "utf8", cwd: directory, stdio: "pipe" });
  return {
    directory,
    openssl,
    issue(name, { issuer, notBefore = "20240101000000Z", notAfter = "20340101000000Z", key = "ec" } = {}) {
      const certPath = join(directory, `${name}.crt`);
      const keyPath = join(directory, `${name}.key`);
      const requestPath = join(directory, `${name}.csr`);
      const algorithm = key === "ec" ? ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] : ["rsa:2048"];
      openssl(
        "req",
        "-new",
        "-newkey",
        ...algorithm,
        "-nodes",
        "-keyout",
        keyPath,
        "-out",
        requestPath,
        "-subj",
        `/CN=${name}`,
      );
      // `openssl ca` is what sets both dates; it wants a little database beside it.
      const configuration = join(directory, "ca.cnf");
      writeFileSync(join(directory, "index.txt"), "");
      writeFileSync(
        configuration,
        `[ca]\ndefault_ca=a\n[a]\ndatabase=${directory}/index.txt\nnew_certs_dir=${directory}\nrand_serial=yes\n` +
          `default_md=sha256\npolicy=p\nx509_extensions=x\nunique_subject=no\n[p]\ncommonName=supplied\n` +
          `[x]\nsubjectAltName=DNS:${name}.example.com,IP:127.0.0.1\nbasicConstraints=CA:true\n`,
      );
      const signer =
        issuer === undefined
          ? ["-selfsign", "-keyfile", keyPath]
          : ["-cert", issuer.certPath, "-keyfile", issuer.keyPath];
      openssl(
        "ca",
        "-batch",
        "-notext",
        "-config",
        configuration,
        ...signer,
        "-in",
        requestPath,
        "-out",
        certPath,
        "-startdate",
        notBefore,
        "-enddate",
        notAfter,
      );
      return { certPath, keyPath };
    },
  };
}
