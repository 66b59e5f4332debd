/** The database's URL, as far as checks have to understand it: where it leads, and how far its TLS goes. */

export interface SqlServer {
  readonly host: string;
  /** `unverified`: encrypted, but with whoever answers. */
  readonly tls: "off" | "unverified" | "on";
}

/** Undefined for a file, a Unix socket, and what is no such URL. */
export function parseSqlServer(url: string, ssl: string | undefined): SqlServer | undefined {
  const [, authority, query] = /^(?:postgres(?:ql)?|mysql|mariadb):\/\/([^/?#]*)[^?#]*(?:\?([^#]*))?/i.exec(url) ?? [];
  if (authority === undefined) return undefined;
  const parameters = new Map([...new URLSearchParams(query)].map(([name, value]) => [name.toLowerCase(), value]));
  const place = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  const host = (parameters.get("host") ?? place).toLowerCase();
  if (host.startsWith("/") || parameters.has("socketpath") || host.includes("$")) return undefined;
  return { host, tls: tlsOf(parameters, ssl) };
}

/** Without a mode there is none, unless an authority is named. */
function tlsOf(parameters: ReadonlyMap<string, string>, ssl: string | undefined): SqlServer["tls"] {
  if (/^(?:false|0)$/i.test(ssl ?? "")) return "off";
  const written = parameters.get("sslmode") ?? parameters.get("ssl-mode") ?? parameters.get("ssl");
  const mode = written?.toLowerCase().replaceAll("_", "-");
  if (mode === undefined) {
    const isAsked = parameters.has("sslrootcert") || parameters.has("ssl-ca") || /^(?:true|1)$/i.test(ssl ?? "");
    return isAsked ? "on" : "off";
  }
  if (["disable", "disabled", "allow", "false", "0"].includes(mode)) return "off";
  return mode === "no-verify" ? "unverified" : "on";
}
