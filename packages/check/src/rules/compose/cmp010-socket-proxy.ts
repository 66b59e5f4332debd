import { defineRule, type Found } from "../../engine/rule.ts";
import type { ComposeService, EnvironmentEntry } from "../../inputs/compose/compose-project.ts";
import { imageOf, isSocketProxy } from "./image.ts";
import { pathIn, servicesOf } from "./service.ts";

/** What Tecnativa's proxy, and those made from it, look at (its Dockerfile). */
const known: ReadonlySet<string> = new Set([
  ...["ALLOW_DELETE", "ALLOW_EXEC", "ALLOW_KILL", "ALLOW_RESTARTS", "ALLOW_START", "ALLOW_STOP", "AUTH", "BUILD"],
  ...["COMMIT", "CONFIGS", "CONTAINERS", "DISABLE_IPV6", "DISTRIBUTION", "EVENTS", "EXEC", "GRPC", "IMAGES", "INFO"],
  ...["LOG_LEVEL", "NETWORKS", "NODES", "PING", "PLUGINS", "POST", "SECRETS", "SERVICES", "SESSION", "SOCKET_PATH"],
  ...["SWARM", "SYSTEM", "TASKS", "VERSION", "VOLUMES"],
  // Of every program.
  "TZ",
]);

/** What is written for what is meant. */
const meant: Readonly<Record<string, string>> = {
  START: "ALLOW_START",
  STOP: "ALLOW_STOP",
  RESTART: "ALLOW_RESTARTS",
  RESTARTS: "ALLOW_RESTARTS",
  ALLOW_RESTART: "ALLOW_RESTARTS",
  DELETE: "POST",
};

const dangerous: Readonly<Record<string, string>> = {
  EXEC: "commands can be run in every container",
  ALLOW_EXEC: "commands can be run in every container",
  BUILD: "images can be built, which runs what they say",
  SECRETS: "the secrets of the swarm can be read",
  AUTH: "passwords of registries can be tried",
};

const twoProxies = `Use two proxies, each on a network of its own:
services:
  docker-proxy:                # who only looks
    environment: { CONTAINERS: 1, POST: 0 }
  docker-proxy-admin:          # who starts and stops
    environment: { POST: 1, CONTAINERS: 0, ALLOW_START: 1, ALLOW_STOP: 1, ALLOW_RESTARTS: 1 }
    networks: [docker-admin]   # with nobody else but the tool that needs it`;

export const cmp010 = defineRule({
  id: "CMP010",
  title: "socket proxy lets too much through",
  severity: "critical",
  profile: "lab",
  reads: ["compose"],
  fix: "none",
  explanation: `A socket proxy that allows POST on /containers lets whoever reaches it create a container that mounts the host's disk: root on the host, whatever EXEC says. POST is the switch of every method that changes something.

Starting and stopping alone is POST=1 with CONTAINERS=0 and ALLOW_START, ALLOW_STOP and ALLOW_RESTARTS. Other spellings (START, STOP, RESTART, DELETE) are not known to the proxy, and do nothing.`,
  references: ["Tecnativa/docker-socket-proxy, README, “Grant or revoke access to certain API sections”"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      if (isSocketProxy(service)) yield* findInProxy(service);
    }
  },
});

function* findInProxy(service: ComposeService): Generator<Found> {
  const entries = new Map(service.environment.map((entry) => [entry.name, entry]));
  const isOn = (name: string) => /^(?:1|true|yes|on)$/i.test(entries.get(name)?.value ?? "0");
  const at = (entry: EnvironmentEntry) => ({
    at: entry.location,
    path: pathIn(service, "environment", entry.name),
    value: entry.value ?? null,
  });
  if (isOn("POST") && isOn("CONTAINERS")) {
    yield {
      subject: service.name,
      message: `${service.name} lets containers be created, which is root on the host: POST and CONTAINERS are both on`,
      ...at(entries.get("POST")!),
      fix: twoProxies,
    };
  }
  for (const [name, what] of Object.entries(dangerous)) {
    if (!isOn(name)) continue;
    yield {
      subject: service.name,
      message: `${service.name} has ${name} on: ${what}`,
      ...at(entries.get(name)!),
      fix: `Set ${name}=0 for ${service.name}.`,
    };
  }
  if (!/docker-?socket-?proxy|^socket-proxy$/.test(imageOf(service)?.name ?? "")) return;
  for (const entry of entries.values()) {
    if (known.has(entry.name)) continue;
    const instead = meant[entry.name];
    yield {
      subject: service.name,
      message: `${service.name} sets ${entry.name}, which its proxy does not know: it does nothing`,
      ...at(entry),
      severity: instead === undefined ? "low" : "high",
      fix:
        instead === undefined
          ? `Remove ${entry.name}, or correct its name.`
          : entry.name === "DELETE"
            ? "Remove DELETE: deleting is allowed or refused by POST, as is everything but reading."
            : `Write ${instead} in place of ${entry.name}.`,
    };
  }
}
