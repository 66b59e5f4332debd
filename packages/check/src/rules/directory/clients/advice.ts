/** What advice to several programs has in common: the account and the server that they should have. */

/** An account of its own in the same directory as another. */
export function serviceAccount(name: string, dn: string): string {
  const base = /(?:^|,)\s*((?:dc|o)\s*=.*)$/i.exec(dn)?.[1] ?? "dc=example,dc=com";
  return `uid=svc-${name},ou=services,${base}`;
}

/** A second server beside a first: `ldap1.example.com` is followed by `ldap2.example.com`. */
export function secondHost(first: string | undefined): string {
  if (first === undefined || /^[\d.]+$|:|^_/.test(first)) return "ldap2.example.com";
  const [host = "", ...domain] = first.split(".");
  return [/1$/.test(host) ? host.replace(/1$/, "2") : "ldap2", ...domain].join(".");
}
