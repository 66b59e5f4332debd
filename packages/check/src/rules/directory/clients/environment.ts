/** Programs of any kind whose environment variables name directory servers: `LDAP_URL`, `LDAP_BIND_DN` and the like. */
import type { Project } from "../../../engine/project.ts";
import { type Environment, environmentsOf, isOff, isOn, type Variable } from "../environments.ts";
import { serviceAccount } from "./advice.ts";
import { asLdaps, type ConfiguredServer, type LdapClient, parseLdapUrl, type Unverified } from "./client.ts";

/** Not those by which a directory server is told who its administrator is, nor a tool of administrators. */
const accountNames = /^(?!.*ADMIN).*(?:BIND_?(?:DN|USER|USERNAME)|LDAP_(?:USER|LOOKUP|SEARCH|READER)_?DN)$/;
const startTlsNames = /START_?TLS/;

export function environmentClients(project: Project): readonly LdapClient[] {
  return environmentsOf(project).flatMap((environment) => {
    const variables = [...environment.variables.values()];
    const servers = variables.flatMap((variable) => serversOf(variable, variables));
    const accounts = variables.filter(({ name, value }) => accountNames.test(name) && value.includes("="));
    const unverified = unverifiedOf(environment);
    if (servers.length === 0 && accounts.length === 0 && unverified === undefined) return [];
    const client = {
      subject: environment.subject,
      name: environment.isContainer ? `service ${environment.subject}` : `what reads ${environment.subject}`,
      isContainer: environment.isContainer,
    };
    return [
      { ...client, servers, ...(unverified === undefined ? {} : { unverified }) },
      ...accounts.map(({ name, value, place }) => ({
        ...client,
        servers: [],
        account: { place, dn: value, fix: `${name}=${serviceAccount(nameOf(environment), value)}` },
      })),
    ];
  });
}

function nameOf({ subject, isContainer }: Environment): string {
  return isContainer ? subject : "app";
}

function serversOf({ name, value, place }: Variable, all: readonly Variable[]): readonly ConfiguredServer[] {
  const urls = value.split(/[\s,;]+/).flatMap((text) => parseLdapUrl(text) ?? []);
  const usesStartTls = all.some((each) => startTlsNames.test(each.name) && isOn(each.value));
  const fix = `${name}=${urls.map(({ url }) => asLdaps(url)).join(" ")}`;
  return urls
    .filter(({ host }) => !host.includes("$"))
    .map(({ scheme, host, url }) => ({ place, url, host, isEncrypted: scheme !== "ldap" || usesStartTls, fix }));
}

function unverifiedOf({ variables }: Environment): Unverified | undefined {
  const all = [...variables.values()];
  const isAboutLdap = all.some(
    ({ name, value }) => /^(?:LDAP|SQL_URI|SQL_URL|DIRECTORY_BACKEND)/.test(name) || parseLdapUrl(value),
  );
  for (const { name, value, place } of all) {
    const unverified = { place, because: `${name} is ${value}`, value };
    if (name === "NODE_TLS_REJECT_UNAUTHORIZED" && value === "0" && isAboutLdap) {
      const fix =
        "Remove NODE_TLS_REJECT_UNAUTHORIZED: it lets everything through, the database and the push endpoint too.\nNODE_EXTRA_CA_CERTS=/etc/ssl/certs/ldap-ca.pem";
      return { ...unverified, fix };
    }
    if (name === "LDAPTLS_REQCERT" && /^(?:never|allow)$/i.test(value)) {
      return { ...unverified, fix: "LDAPTLS_REQCERT=demand\nLDAPTLS_CACERT=/etc/ssl/certs/ldap-ca.pem" };
    }
    if (!/LDAP/.test(name) || /CLIENT/.test(name)) continue;
    const isSkipped = /SKIP_?(?:TLS_?)?VERIFY|INSECURE|TRUST_?ALL|ALLOW_?SELF_?SIGNED/.test(name) && isOn(value);
    const isNotVerified =
      /(?:TLS|SSL|CERT)\w*VERIFY|VERIFY\w*(?:TLS|SSL|CERT)|VALIDATE_?CERT|REJECT_?UNAUTHORIZED/.test(name) &&
      isOff(value);
    if (isSkipped || (isNotVerified && !/SKIP/.test(name)))
      return { ...unverified, fix: `${name}=${isSkipped ? "false" : "true"}` };
  }
  return undefined;
}
