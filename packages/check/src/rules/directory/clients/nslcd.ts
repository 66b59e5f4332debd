/** nslcd (nslcd.conf(5)). */
import type { Project } from "../../../engine/project.ts";
import type { ConfigNode } from "../../../inputs/config-node.ts";
import type { ConfigFile } from "../../../inputs/documents.ts";
import { valuesOf } from "../../../inputs/ldap-conf.ts";
import { placeOf } from "../place.ts";
import { isInContainer } from "../reach.ts";
import { secondHost, serviceAccount } from "./advice.ts";
import { asLdaps, type ConfiguredServer, type LdapClient, lineEdit, parseLdapUrl } from "./client.ts";

/** `bind_timelimit`, unless set: it bounds the answer to a bind as well as the connecting. */
const defaultTimeoutMs = 10_000;

export function nslcdClients(project: Project): readonly LdapClient[] {
  return project.of("nslcd").map((config) => clientOf(config, project));
}

function clientOf({ file, root }: ConfigFile, project: Project): LdapClient {
  const uris = valuesOf(root, "uri");
  const [check, account, timeout] = ["tls_reqcert", "binddn", "bind_timelimit"].map((key) =>
    valuesOf(root, key).at(-1),
  );
  const usesTls = /^(?:start_tls|on)$/i.test(valuesOf(root, "ssl").at(-1)?.text ?? "");
  const servers = uris.flatMap((node) => serversOf(node, usesTls));
  const level = check?.text?.toLowerCase();
  return {
    subject: file.path,
    name: "nslcd",
    isContainer: isInContainer(file.path, project),
    servers,
    ...(check !== undefined && (level === "never" || level === "allow")
      ? {
          unverified: {
            place: { at: check },
            because: `tls_reqcert is ${level}`,
            value: level,
            fix: "tls_reqcert demand\ntls_cacertfile /etc/ssl/certs/ldap-ca.pem",
          },
        }
      : {}),
    ...(account?.text === undefined
      ? {}
      : {
          account: { place: { at: account }, dn: account.text, fix: `binddn ${serviceAccount("nslcd", account.text)}` },
        }),
    ...(uris[0] === undefined
      ? {}
      : { redundancy: { place: { at: uris[0] }, fix: `uri ldaps://${secondHost(servers[0]?.host)}/` } }),
    bindTimeout: {
      place: placeOf(timeout, root, "bind_timelimit"),
      option: "bind_timelimit",
      ms: /^\d+$/.test(timeout?.text ?? "") ? Number(timeout!.text) * 1_000 : defaultTimeoutMs,
      isDefault: timeout === undefined,
      fix: (wanted) => `bind_timelimit ${wanted}`,
      edit: (wanted) => lineEdit(timeout, uris.at(-1) ?? root, String(wanted), `bind_timelimit ${wanted}`),
    },
  };
}

function serversOf(node: ConfigNode, usesTls: boolean): readonly ConfiguredServer[] {
  const texts = (node.text ?? "").split(/\s+/);
  return texts.flatMap((text): ConfiguredServer[] => {
    if (/^dns(?::|$)/i.test(text))
      return [{ place: { at: node }, url: text, host: text, isEncrypted: true, isDiscovered: true, fix: "" }];
    const url = parseLdapUrl(text);
    if (url === undefined) return [];
    const fix = `uri ${texts.map(asLdaps).join(" ")}\n# or, with StartTLS:\nssl start_tls`;
    return [{ place: { at: node }, url: url.url, host: url.host, isEncrypted: url.scheme !== "ldap" || usesTls, fix }];
  });
}
