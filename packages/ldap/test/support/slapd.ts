/** A real OpenLDAP server of a test file's own: loopback, free ports, a temporary directory, ended by its process id. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { attribute } from "../../src/client/attribute.ts";
import { formatLdifRecord } from "../../src/ldif/format.ts";
import type { PartialAttribute } from "../../src/message/message.ts";

const isInstalled = ["/usr/sbin/slapd", "/usr/bin/ldapsearch"].every((path) => existsSync(path));
if (!isInstalled && process.env.CI === "true") {
  throw new Error("slapd is not installed; the Debian packages slapd and ldap-utils bring it.");
}
if (!isInstalled)
  process.stderr.write("Skipped: tests against OpenLDAP need the Debian packages slapd and ldap-utils.\n");

/** `describe` where slapd is installed. */
export const describeWithSlapd = isInstalled ? describe : describe.skip;

export const base = "dc=example,dc=com";
export const adminDn = `cn=admin,${base}`;
export const adminPassword = "admin-pw";
/** uid=user000 to uid=user199; the password of userNNN is secretNNN. */
export const userCount = 200;
export const userDn = (index: number) => `uid=${userName(index)},ou=people,${base}`;
export const userName = (index: number) => `user${String(index).padStart(3, "0")}`;
export const userPassword = (index: number) => `secret${String(index).padStart(3, "0")}`;

export interface Slapd {
  readonly port: number;
  readonly url: string;
  /** For the name localhost and the address 127.0.0.1. */
  readonly ldapsUrl: string;
  readonly ldapiUrl: string;
  /** The certificate authority of its certificate, in PEM, and one that has nothing to do with it. */
  readonly ca: string;
  readonly otherCa: string;
  /** Ends it as a crash does, and waits for that. */
  kill(): Promise<void>;
  /** Ends it and takes its files away. */
  stop(): Promise<void>;
}

export async function startSlapd(): Promise<Slapd> {
  const directory = mkdtempSync(join(tmpdir(), "espalier-slapd-"));
  const ca = makeAuthority(directory, "ca");
  const otherCa = makeAuthority(directory, "other-ca");
  makeCertificate(directory, "ca");
  mkdirSync(join(directory, "slapd.d"));
  mkdirSync(join(directory, "db"));
  load(directory, 0, configuration(directory));
  load(directory, 1, content());
  const [port, ldapsPort] = [await freePort(), await freePort()];
  const url = `ldap://127.0.0.1:${port}`;
  const ldapsUrl = `ldaps://localhost:${ldapsPort}`;
  const ldapiUrl = `ldapi://${encodeURIComponent(join(directory, "ldapi"))}`;
  const listeners = [url, `ldaps://127.0.0.1:${ldapsPort}`, ldapiUrl].join(" ");
  const child = spawn("/usr/sbin/slapd", ["-d", "0", "-h", listeners, "-F", join(directory, "slapd.d")], {
    stdio: "ignore",
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  };
  await listening(child, port);
  return {
    port,
    url,
    ldapsUrl,
    ldapiUrl,
    ca,
    otherCa,
    kill: () => end("SIGKILL"),
    async stop() {
      await end("SIGTERM");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function makeAuthority(directory: string, name: string): string {
  const path = join(directory, name);
  openssl(
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ["-subj", `/CN=${name}`, "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    ["-keyout", `${path}.key`, "-out", `${path}.crt`],
  );
  return readFileSync(`${path}.crt`, "utf8");
}

function makeCertificate(directory: string, authority: string): void {
  const path = join(directory, "server");
  openssl(
    ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"],
    ["-keyout", `${path}.key`, "-out", `${path}.csr`],
  );
  writeFileSync(`${path}.ext`, "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  openssl(
    ["x509", "-req", "-in", `${path}.csr`, "-days", "2", "-extfile", `${path}.ext`, "-out", `${path}.crt`],
    ["-CA", join(directory, `${authority}.crt`), "-CAkey", join(directory, `${authority}.key`), "-CAcreateserial"],
  );
}

function openssl(...parameters: string[][]): void {
  execFileSync("/usr/bin/openssl", parameters.flat(), { stdio: "pipe" });
}

function load(directory: string, database: number, ldif: string): void {
  execFileSync("/usr/sbin/slapadd", ["-q", "-n", String(database), "-F", join(directory, "slapd.d")], {
    input: ldif,
    stdio: "pipe",
  });
}

function configuration(directory: string): string {
  return `dn: cn=config
objectClass: olcGlobal
cn: config
olcTLSCACertificateFile: ${directory}/ca.crt
olcTLSCertificateFile: ${directory}/server.crt
olcTLSCertificateKeyFile: ${directory}/server.key

dn: cn=module,cn=config
objectClass: olcModuleList
cn: module
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb
olcModuleLoad: syncprov
olcModuleLoad: sssvlv
olcModuleLoad: ppolicy

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif
include: file:///etc/ldap/schema/cosine.ldif
include: file:///etc/ldap/schema/inetorgperson.ldif

dn: olcDatabase={-1}frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: {-1}frontend
olcAccess: to dn.base="" by * read

dn: olcDatabase={1}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {1}mdb
olcSuffix: ${base}
olcDbDirectory: ${directory}/db
olcDbMaxSize: 268435456
olcDbNoSync: TRUE
olcRootDN: ${adminDn}
olcRootPW: ${adminPassword}
olcDbIndex: objectClass,uid,entryUUID,entryCSN eq
olcAccess: to attrs=userPassword by self write by anonymous auth by * none
olcAccess: to * by * read

dn: olcOverlay={0}syncprov,olcDatabase={1}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcSyncProvConfig
olcOverlay: {0}syncprov

dn: olcOverlay={1}sssvlv,olcDatabase={1}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcSssVlvConfig
olcOverlay: {1}sssvlv

dn: olcOverlay={2}ppolicy,olcDatabase={1}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcPPolicyConfig
olcOverlay: {2}ppolicy
`;
}

function content(): string {
  const entry = (dn: string, ...attributes: PartialAttribute[]) =>
    formatLdifRecord({ type: "content", dn, attributes });
  const users = Array.from({ length: userCount }, (_, index) =>
    entry(
      userDn(index),
      attribute("objectClass", "inetOrgPerson"),
      attribute("uid", userName(index)),
      attribute("cn", `User ${index}`),
      attribute("sn", `Name ${(index * 7) % userCount}`),
      attribute("userPassword", userPassword(index)),
    ),
  );
  return [
    entry(
      base,
      attribute("objectClass", "dcObject", "organization"),
      attribute("dc", "example"),
      attribute("o", "Example"),
    ),
    entry(`ou=people,${base}`, attribute("objectClass", "organizationalUnit"), attribute("ou", "people")),
    ...users,
  ].join("\n");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Tries to connect until it can, for at most ten seconds. */
async function listening(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`slapd ended with exit code ${child.exitCode}.`);
    const socket = connect(port, "127.0.0.1");
    if (await connected(socket)) return;
  }
  throw new Error("slapd did not listen within ten seconds.");
}

function connected(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // A refused connection is tried again a little later.
    socket.once("error", () => setTimeout(() => resolve(false), 20));
  });
}
