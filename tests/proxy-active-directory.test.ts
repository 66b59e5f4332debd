/** The proxy in front of a real Active Directory domain controller, Samba's: what its clients rely on passes. */
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createCertificateAuthority,
  type ProxyServer,
  requirePrograms,
  runCommand,
  type Samba,
  sambaPrograms,
  startProxy,
  startSamba,
  temporaryDirectory,
} from "./lab/index.ts";

const describe = requirePrograms({ ...sambaPrograms, ldapsearch: "ldap-utils", openssl: "openssl" }, { root: true });

describe("a proxy in front of Active Directory", () => {
  const cleanup = new AsyncDisposableStack();
  let samba: Samba;
  beforeAll(async () => {
    const directory = cleanup.use(await temporaryDirectory("certificates"));
    const authority = await createCertificateAuthority(directory.path);
    samba = cleanup.use(await startSamba(authority));
  }, 60_000);
  afterAll(() => cleanup.disposeAsync());

  const proxyOf = (mode: string): Promise<ProxyServer> => {
    const tiers = [{ backends: [{ name: "dc1", url: samba.ldapsUrl }] }];
    return startProxy({ configuration: { tiers, upstream: { caPath: samba.authority }, identity: { mode } } });
  };
  /** Exit code and lines of `ldapsearch`; nothing but what the server answers. */
  const search = async (url: string, ...parameters: readonly string[]) => {
    const environment = { LDAPTLS_CACERT: samba.authority };
    const query = ["-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, ...parameters];
    const { exitCode, stdout } = await runCommand("ldapsearch", query, { environment });
    return {
      exitCode,
      lines: stdout
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#"))
        .sort(),
    };
  };

  it.each(["session", "identity"])("in mode %s answers as the controller does", async (mode) => {
    await using proxy = await proxyOf(mode);
    const { baseDn, rootDn, rootPassword } = samba;
    const rootDse = ["-b", "", "-s", "base", "defaultNamingContext", "rootDomainNamingContext", "dnsHostName"];
    const name = ["-b", baseDn, "(sAMAccountName=Administrator)", "sAMAccountName", "objectSid"];
    const everything = ["-b", baseDn, "-E", "pr=50/noprompt", "(objectClass=*)", "objectClass"];
    const as = (who: string, password = rootPassword) => ["-D", who, "-w", password];
    for (const query of [
      rootDse,
      [...as(rootDn), ...name],
      [...as("Administrator@ad.example.com"), ...name],
      [...as("AD\\Administrator"), ...name],
      [...as(rootDn), ...everything],
      [...as(rootDn, "wrong"), ...name],
      // Strangers are told that they have to bind.
      name,
    ]) {
      const direct = await search(samba.ldapsUrl, ...query);
      expect(await search(proxy.url, ...query)).toEqual(direct);
      if (query === rootDse) expect(direct.lines).toContain(`defaultNamingContext: ${baseDn}`);
    }
  });

  it("ends a request whose critical control the controller does not know, for which it has an answer of another kind", async () => {
    await using proxy = await proxyOf("session");
    const { baseDn, rootDn, rootPassword } = samba;
    const query = ["-D", rootDn, "-w", rootPassword, "-b", baseDn, "-MM", "(sAMAccountName=Administrator)"];
    expect(await search(proxy.url, ...query)).toEqual({ exitCode: 12, lines: [] });
  });
});
