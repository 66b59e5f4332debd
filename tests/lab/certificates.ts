/** A certificate authority for tests, and server certificates that it signs, made by OpenSSL. */
import { writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { succeed } from "./command.ts";

/** PEM files. */
export interface ServerCertificate {
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

export interface CertificateAuthority {
  /** The authority's own certificate, what a client is told to trust. */
  readonly certificate: string;
  /** Makes a certificate for host names and IP addresses; `name` names its files. It is valid for 30 days unless said. */
  issue(name: string, hosts: readonly string[], days?: number): Promise<ServerCertificate>;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes an authority whose files are in `directory`. */
export async function createCertificateAuthority(directory: string): Promise<CertificateAuthority> {
  const authority = join(directory, "authority.crt");
  const authorityKey = join(directory, "authority.key");
  await succeed("openssl", [
    ...["req", "-x509", ...newKey, "-days", "3650", "-subj", "/CN=Espalier test authority"],
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    ...["-keyout", authorityKey, "-out", authority],
  ]);
  return {
    certificate: authority,
    async issue(name, hosts, days = 30) {
      const file = (extension: string) => join(directory, `${name}.${extension}`);
      const [commonName = "localhost"] = hosts;
      const alternatives = hosts.map((host) => `${isIP(host) === 0 ? "DNS" : "IP"}:${host}`).join(",");
      await writeFile(file("ext"), `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth,clientAuth\n`);
      const request = ["req", ...newKey, "-subj", `/CN=${commonName}`, "-keyout", file("key"), "-out", file("csr")];
      await succeed("openssl", request);
      await succeed("openssl", [
        ...["x509", "-req", "-in", file("csr"), "-CA", authority, "-CAkey", authorityKey, "-CAcreateserial"],
        ...["-days", String(days), "-extfile", file("ext"), "-out", file("crt")],
      ]);
      return { authority, certificate: file("crt"), privateKey: file("key") };
    },
  };
}
