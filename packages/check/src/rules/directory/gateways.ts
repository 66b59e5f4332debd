/** The gateways that a project configures: by a file, or by the variables of the system that the gateway replaces. */
import { parseDuration } from "@espalier/service/plain";
import { onceAProject } from "../../engine/once-a-project.ts";
import type { Project } from "../../engine/project.ts";
import type { ConfigNode, Key } from "../../inputs/config-node.ts";
import { type Environment, environmentsOf, isOn } from "./environments.ts";
import { settingText } from "./espalier-settings.ts";
import type { Place } from "./place.ts";
import { isLoopback } from "./reach.ts";

/** Each with the variables that set it and its key in the section `gateway`. */
const settings = {
  requireAuthForSearch: { variables: ["REQUIRE_AUTH_FOR_SEARCH"], key: ["requireAuthForSearch"] },
  authBackends: { variables: ["AUTH_BACKENDS"], key: ["authBackends"] },
  notificationUrl: { variables: ["NOTIFICATION_URL"], key: ["notification", "url"] },
  notificationTimeout: { variables: [], key: ["notification", "timeout"] },
  unencrypted: { variables: ["LDAP_UNENCRYPTED"], key: ["unencrypted"] },
  bindIp: { variables: ["BIND_IP"], key: ["bindIp"] },
  sqlUrl: { variables: ["SQL_URI", "SQL_URL"], key: ["sql", "url"] },
  sqlSsl: { variables: ["SQL_SSL"], key: ["sql", "ssl"] },
  oneUser: { variables: ["SQL_QUERY_ONE_USER"], key: ["sql", "queries", "oneUser"] },
  allUsers: { variables: ["SQL_QUERY_ALL_USERS"], key: ["sql", "queries", "allUsers"] },
  allGroups: { variables: ["SQL_QUERY_ALL_GROUPS"], key: ["sql", "queries", "allGroups"] },
  groupsByMember: { variables: ["SQL_QUERY_GROUPS_BY_MEMBER"], key: ["sql", "queries", "groupsByMember"] },
  memberships: { variables: ["SQL_QUERY_ALL_MEMBERSHIPS"], key: ["sql", "queries", "memberships"] },
} as const satisfies Record<string, { readonly variables: readonly string[]; readonly key: readonly Key[] }>;

export type GatewaySetting = keyof typeof settings;

interface SettingValue {
  readonly place: Place;
  /** As its reader knows it: `SQL_QUERY_ONE_USER`, or `sql.queries.oneUser`. */
  readonly name: string;
  readonly value: string;
}

export interface Gateway {
  readonly subject: string;
  readonly isContainer: boolean;
  /** Whether nobody but this machine reaches it; undefined: not known. */
  readonly isOnLoopback: boolean;
  /** Of a container: whether it publishes a port. */
  readonly isPublished: boolean;
  /** What lets clients of other machines bind without TLS. */
  readonly clearListener: SettingValue | undefined;
  /** How its file or environment says a setting: `REQUIRE_AUTH_FOR_SEARCH=true`. */
  write(setting: GatewaySetting, value: string): string;
  get(setting: GatewaySetting): SettingValue | undefined;
}

export const gatewaysOf = onceAProject((project): readonly Gateway[] => {
  return [...fromFiles(project), ...environmentsOf(project).flatMap((environment) => fromVariables(environment))];
});

/** Undefined: nobody is asked to approve logins. */
export function approvalWaitMs(gateway: Gateway): number | undefined {
  const backends = gateway.get("authBackends")?.value.split(/[\s,]+/) ?? [];
  if (!backends.includes("notification")) return undefined;
  const written = gateway.get("notificationTimeout")?.value;
  return (written === undefined ? undefined : parseDuration(written)) ?? 30_000;
}

function fromFiles(project: Project): readonly Gateway[] {
  return project.of("espalier").flatMap(({ root }): Gateway[] => {
    const section = root.get("gateway");
    if (section === undefined || section.kind !== "map") return [];
    const addresses = (section.get("listen")?.items() ?? []).flatMap(({ text }) => text ?? []);
    const hosts =
      addresses.length > 0 ? addresses.map(hostOf) : [settingText(section.get("bindIp"), project) ?? "0.0.0.0"];
    return [
      {
        subject: "gateway",
        isContainer: false,
        isOnLoopback: hosts.every(isLoopback),
        isPublished: true,
        clearListener: clearListenerOf(section, hosts.every(isLoopback)),
        write: (setting, value) => yamlOf(["gateway", ...settings[setting].key], value),
        get: (setting) => {
          const { key } = settings[setting];
          const node = section.get(...key);
          const value =
            node?.kind === "list"
              ? node
                  .items()
                  .map(({ text }) => text)
                  .join(",")
              : settingText(node, project);
          if (node === undefined || value === undefined) return undefined;
          return { name: key.join("."), value, place: { at: node } };
        },
      },
    ];
  });
}

function fromVariables({ subject, variables, isContainer, isPublished = true }: Environment): readonly Gateway[] {
  const find = (setting: GatewaySetting) =>
    settings[setting].variables.map((name) => variables.get(name)).find((variable) => variable !== undefined);
  const unencrypted = find("unencrypted");
  const isOnLoopback = isLoopback(find("bindIp")?.value ?? "0.0.0.0");
  const isGateway = ["DIRECTORY_BACKEND", "LDAP_BASE_DN", "AUTH_BACKENDS", "REQUIRE_AUTH_FOR_SEARCH"].some((name) =>
    variables.has(name),
  );
  if (!isGateway && find("oneUser") === undefined) return [];
  return [
    {
      subject,
      isContainer,
      isOnLoopback,
      isPublished,
      clearListener: !isOnLoopback && isOn(unencrypted?.value) ? unencrypted : undefined,
      write: (setting, value) => `${settings[setting].variables[0] ?? settings[setting].key.join(".")}=${value}`,
      get: find,
    },
  ];
}

function clearListenerOf(section: ConfigNode, isOnLoopback: boolean): SettingValue | undefined {
  const listener = section
    .get("listen")
    ?.items()
    .find(({ text = "" }) => /^ldap:/i.test(text) && !isLoopback(hostOf(text)));
  if (listener !== undefined) return { name: "listen", value: listener.text!, place: { at: listener } };
  const unencrypted = section.get("unencrypted");
  if (isOnLoopback || unencrypted === undefined || !isOn(unencrypted.text)) return undefined;
  return { name: "unencrypted", value: "true", place: { at: unencrypted } };
}

export function hostOf(address: string): string {
  return /^[a-z+]+:\/\/(\[[^\]]*\]|[^:/]*)/i.exec(address)?.[1] ?? "";
}

/** One key after the other, each further in. */
function yamlOf(path: readonly Key[], value: string): string {
  const lines = path.map((key, depth) => `${"  ".repeat(depth)}${key}:`);
  return `${lines.join("\n")} ${value}`;
}
