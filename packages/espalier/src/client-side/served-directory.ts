/** What clients have to know of a configuration: where it is served, under which names, and whether they must bind. */
import { hostname } from "node:os";
import { baseOf, type GatewayConfig, gatewaySection, listenersOf } from "@espalier/gateway/config";
import { type ProxyConfig, proxySection } from "@espalier/proxy/config";
import { formatHostPort, type ListenAddress, loadConfiguration, type Section } from "@espalier/service";
import { type Environment, foreign } from "../configuration.ts";
import { isLoopback } from "../input/parse-answer.ts";

export interface ServedDirectory {
  readonly base: string;
  /** Below which users, and groups, are. */
  readonly userBase: string;
  readonly groupBase: string;
  /** Where this machine serves clients, as they would call it. */
  readonly url: string;
  readonly mustBind: boolean;
  /** How long a login may wait for a person; undefined where nobody is asked. */
  readonly approvalMs: number | undefined;
  /** Where the certificate lies that the gateway makes for itself; undefined where it has another one. */
  readonly ownCertificate: string | undefined;
}

/** Clients' needs are known without a secret: the file's stay as they are written, and need not be set. */
const secretPaths: readonly (readonly string[])[] = [
  ["sql"],
  ["notification", "apiKey"],
  ["tls", "keyContent"],
  ["identity", "password"],
  ["health", "bind", "password"],
];

/** @throws ConfigurationError */
export function loadServedDirectory(environment: Environment, file: string | undefined): ServedDirectory {
  const { values } = loadConfiguration({
    file,
    environment: withoutDatabase(environment),
    sections: [withoutSecrets(gatewaySection)],
    optionalSections: [withoutSecrets(proxySection), ...foreign(gatewaySection, proxySection).map(unread)],
  });
  const { gateway } = values as { readonly gateway: GatewayConfig };
  const { proxy } = values as { readonly proxy?: ProxyConfig };
  const base = baseOf(gateway);
  const isApart = gateway.placement === "ou";
  const isAsked = gateway.authBackends.includes("notification");
  const { certPath, certContent, selfSignedDirectory } = gateway.tls;
  const listener = listenerOf(gateway, proxy);
  return {
    base,
    userBase: isApart ? `ou=users,${base}` : base,
    groupBase: isApart ? `ou=groups,${base}` : base,
    url: urlOf(listener, gateway.commonName ?? hostname().toLowerCase()),
    mustBind: gateway.requireAuthForSearch,
    approvalMs: isAsked ? gateway.notification?.timeout : undefined,
    ownCertificate:
      certPath === undefined && certContent === undefined && proxy === undefined
        ? `${selfSignedDirectory}/self-signed/server.crt`
        : undefined,
  };
}

/** The one that strangers reach: of the proxy where there is one, and encrypted from the first byte where one is. */
function listenerOf(gateway: GatewayConfig, proxy: ProxyConfig | undefined): ListenAddress {
  const listeners: ListenAddress[] = [...(proxy?.listen ?? []), ...listenersOf(gateway)];
  const reachable = listeners.filter((each) => !isLoopback(`${each.scheme}://${formatHostPort(each)}`));
  const candidates = reachable.length > 0 ? reachable : listeners;
  return candidates.find(({ scheme }) => scheme === "ldaps") ?? candidates[0]!;
}

function urlOf({ scheme, port }: ListenAddress, host: string): string {
  const isUsual = port === (scheme === "ldaps" ? 636 : 389);
  return `${scheme}://${isUsual ? host : formatHostPort({ host, port })}`;
}

/** Of the database nothing is asked: its variables may be on another machine, as files are that they name. */
function withoutDatabase(environment: Environment): Environment {
  const names = Object.entries(gatewaySection.environment).filter(([, { path }]) =>
    secretPaths.some((secret) => secret.every((key, depth) => path[depth] === key)),
  );
  const unset = names.flatMap(([name, { aliases = [] }]) =>
    [name, ...aliases].flatMap((each) => [each, `${each}_FILE`]),
  );
  return {
    ...environment,
    ...Object.fromEntries(unset.map((name) => [name, undefined])),
    ...Object.fromEntries(
      names.filter(([, { path }]) => path[0] === "sql" && path[1] !== "ssl").map(([name]) => [name, "not looked at"]),
    ),
  };
}

function withoutSecrets<S extends Section>(section: S): S {
  return {
    ...section,
    isVerbatim: (path) =>
      section.isVerbatim(path) || secretPaths.some((secret) => secret.every((key, depth) => path[depth] === key)),
  };
}

/** Another service's part, whose variables are its own to have. */
function unread<S extends Section<string>>(section: S): S {
  return { ...section, isVerbatim: () => true };
}
