/** `olcSyncrepl`, slapd-config(5): from whom an OpenLDAP server takes changes. */

export interface Syncrepl {
  readonly provider: string;
  readonly searchBase: string;
}

/**
 * Of a value such as `{0}rid=001 provider=ldaps://ldap1.example.com searchbase="dc=example,dc=com" credentials="…"`. What else is in
 * it, the password above all, goes no further. `undefined` for what names no provider.
 */
export function parseSyncrepl(value: string): Syncrepl | undefined {
  const settings = new Map<string, string>();
  // key=word, or key="…" in which a backslash takes the meaning from what follows it.
  for (const [, key = "", quoted, word] of value
    .replace(/^\{\d+\}/, "")
    .matchAll(/(?<=^|\s)([a-z_-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))(?=\s|$)/gi)) {
    settings.set(key.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? word ?? "");
  }
  const provider = settings.get("provider");
  return provider === undefined ? undefined : { provider, searchBase: settings.get("searchbase") ?? "" };
}
