/**
 * A private Active Directory domain controller: Samba's (Debian: samba, samba-ad-provision), with nothing but its LDAP server, on a
 * loopback address of its own, as it has no setting for its ports. It needs root, for those ports.
 */
import { ChildServer } from "./child-server.ts";
import { succeed } from "./command.ts";
import { accepts } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Disposing of it ends it and removes its files. */
export interface Samba extends AsyncDisposable {
  /** A loopback address; LDAP is on port 389 and LDAPS on port 636 of it. */
  readonly address: string;
  readonly baseDn: string;
  readonly rootDn: string;
  readonly rootPassword: string;
  /** PEM file of the authority that signed its certificate, which names {@link serverName} alone. */
  readonly authority: string;
  readonly serverName: string;
  readonly process: ChildServer;
}

export const sambaPrograms = { samba: "samba", "samba-tool": "samba-ad-provision" } as const;

const address = "127.0.0.89";
const realm = "ad.example.com";
const hostName = "dc1";
const rootPassword = "Administrator-passw0rd";

/** Makes a new domain, which takes ten seconds or so, and serves it. */
export async function startSamba(): Promise<Samba> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("samba"));
  const options = {
    interfaces: `${address}/8`,
    "bind interfaces only": "yes",
    "server services": "ldap",
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
  const authority = directory.file("private/tls/ca.pem");
  await server.ready(() => accepts(636, address));
  const resources = cleanup.move();
  return {
    ...{ address, baseDn, rootDn, rootPassword, authority, process: server },
    serverName: `${hostName}.${realm}`,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
