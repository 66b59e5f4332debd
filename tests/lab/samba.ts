/**
 * A private Active Directory domain controller: Samba's (Debian: samba, samba-ad-provision), with nothing but its LDAP server, on a
 * loopback address of its own, as it has no setting for its ports. It needs root, for those ports.
 */
import type { CertificateAuthority } from "./certificates.ts";
import { ChildServer } from "./child-server.ts";
import { succeed } from "./command.ts";
import { accepts } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Disposing of it ends it and removes its files. */
export interface Samba extends AsyncDisposable {
  /** ldaps://address:port; it takes binds over TLS alone. */
  readonly ldapsUrl: string;
  /** A loopback address of its own. */
  readonly address: string;
  readonly port: number;
  /** PEM file of the authority that signed its certificate. */
  readonly authority: string;
  readonly baseDn: string;
  readonly rootDn: string;
  readonly rootPassword: string;
  readonly process: ChildServer;
}

export const sambaPrograms = { samba: "samba", "samba-tool": "samba-ad-provision" } as const;

const port = 636;
const realm = "ad.example.com";
const hostName = "dc1";
const rootPassword = "Administrator-passw0rd";

/** Makes a new domain, which takes five seconds or so, and serves it. */
export async function startSamba(authority: CertificateAuthority): Promise<Samba> {
  const address = loopbackAddress();
  const issued = await authority.issue("controller", [address]);
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("samba"));
  const options = {
    interfaces: `${address}/8`,
    "bind interfaces only": "yes",
    "server services": "ldap",
    "tls cafile": issued.authority,
    "tls certfile": issued.certificate,
    "tls keyfile": issued.privateKey,
    "pid directory": directory.path,
    "ncalrpc dir": directory.file("ncalrpc"),
    "log level": "0",
  };
  const named = Object.entries(options).map(([name, value]) => `--option=${name}=${value}`);
  const domain = [`--realm=${realm}`, "--domain=AD", "--server-role=dc", "--dns-backend=NONE"];
  const host = [`--host-name=${hostName}`, `--host-ip=${address}`, `--adminpass=${rootPassword}`];
  // Where files have no extended attributes of the system's, it keeps them in a file.
  const files = [`--targetdir=${directory.path}`, "--option=vfs objects=dfs_samba4 acl_xattr xattr_tdb"];
  await succeed("samba-tool", ["domain", "provision", ...domain, ...host, ...files, ...named]);
  const server = cleanup.use(
    new ChildServer("samba", ["-s", directory.file("etc/smb.conf"), "-i", "-M", "single", ...named]),
  );
  const baseDn = realm
    .split(".")
    .map((label) => `DC=${label}`)
    .join(",");
  const rootDn = `CN=Administrator,CN=Users,${baseDn}`;
  await server.ready(() => accepts(port, address));
  const resources = cleanup.move();
  return {
    ...{ ldapsUrl: `ldaps://${address}:${port}`, address, port, authority: issued.authority },
    ...{ baseDn, rootDn, rootPassword, process: server },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

let started = 0;

/** Of this process and controller: others have others. */
function loopbackAddress(): string {
  started += 1;
  return `127.${(started % 250) + 1}.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}`;
}
