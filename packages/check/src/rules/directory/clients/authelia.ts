/** Authelia's LDAP backend, with the keys of version 4.38 and of those before it. */
import type { Project } from "../../../engine/project.ts";
import type { ConfigFile } from "../../../inputs/documents.ts";
import { parseAutheliaDuration } from "../../authelia/duration.ts";
import { isOn } from "../environments.ts";
import { placeOf } from "../place.ts";
import { secondHost, serviceAccount } from "./advice.ts";
import { asLdaps, type LdapClient, parseLdapUrl } from "./client.ts";

/** `timeout`, unless set: go-ldap waits no longer for any answer. */
const defaultTimeoutMs = 5_000;

export function autheliaClients(project: Project): readonly LdapClient[] {
  return project.of("authelia").flatMap(clientOf);
}

function clientOf({ file, root }: ConfigFile): readonly LdapClient[] {
  const ldap = root.get("authentication_backend", "ldap");
  const address = ldap?.get("address") ?? ldap?.get("url");
  const url = parseLdapUrl(address?.text ?? "");
  if (ldap === undefined || address === undefined || url === undefined) return [];
  const usesStartTls = isOn(ldap.get("start_tls")?.text);
  const unchecked = [ldap.get("tls", "skip_verify"), ldap.get("skip_verify")].find((node) => isOn(node?.text));
  const account = ldap.get("user");
  const timeout = ldap.get("timeout");
  const key = address.path.at(-1);
  const isEncrypted = url.scheme !== "ldap" || usesStartTls;
  return [
    {
      subject: file.path,
      name: "Authelia",
      isContainer: true,
      servers: [
        {
          place: { at: address },
          url: url.url,
          host: url.host,
          isEncrypted,
          fix: `authentication_backend:\n  ldap:\n    ${key}: '${asLdaps(url.url)}'`,
        },
      ],
      ...(unchecked !== undefined && isEncrypted
        ? {
            unverified: {
              place: { at: unchecked },
              because: "skip_verify is true",
              value: true,
              fix: "certificates_directory: /config/certificates\nauthentication_backend:\n  ldap:\n    tls:\n      skip_verify: false",
            },
          }
        : {}),
      ...(account?.text === undefined
        ? {}
        : {
            account: {
              place: { at: account },
              dn: account.text,
              fix: `authentication_backend:\n  ldap:\n    user: '${serviceAccount("authelia", account.text)}'\n# It needs to read users and groups and, only where people reset passwords here, to write userPassword.`,
            },
          }),
      redundancy: {
        place: { at: address },
        fix: `It takes one address: let that be a proxy that knows both servers.\nespalier proxy --listen ldaps://0.0.0.0:636 --cert proxy.crt --key proxy.key ldaps://${url.host} ldaps://${secondHost(url.host)}`,
      },
      bindTimeout: {
        place: placeOf(timeout, ldap, "timeout"),
        option: "timeout",
        ms: (timeout?.text === undefined ? undefined : parseAutheliaDuration(timeout.text)) ?? defaultTimeoutMs,
        isDefault: timeout === undefined,
        fix: (seconds) => `authentication_backend:\n  ldap:\n    timeout: '${seconds}s'`,
        edit: (seconds) => ({
          kind: "set",
          file: file.path,
          path: [...ldap.sourcePath, "timeout"],
          value: `${seconds}s`,
        }),
      },
    },
  ];
}
