/** The checks of what runs, as a part of `espalier up`. */
import { hostname } from "node:os";
import { rules } from "@espalier/check";
import { type CheckConfig, checkSection } from "@espalier/check/config";
import type { LiveTargets } from "@espalier/check/live";
import { CheckService } from "@espalier/check/service";
import type { FindingSource } from "@espalier/manager";
import { readQueueState } from "@espalier/notify";
import { parseStoreUrl } from "@espalier/service";
import type { Configuration } from "../configuration.ts";
import { liveTargetsOf } from "./live-targets.ts";
import type { Part, Surroundings } from "./run-parts.ts";
import type { SharedStore } from "./shared-store.ts";

const drainTimeoutMs = 2_000;

/** Undefined where there is nothing to look at. */
export function checkServiceOf(
  configuration: Configuration,
  { log, health, metrics, events, store }: Surroundings,
): CheckService | undefined {
  const targets = targetsOf(configuration, store);
  if (!hasSomething(targets)) return undefined;
  return new CheckService({
    ...{ targets, rules, health, metrics, events, config: configOf(configuration), logger: log.logger("check") },
    openLog: store && (async (signal) => (await store.open(signal)).log),
    observer: hostname(),
    isShared: isShared(configuration),
  });
}

export function checkPart(service: CheckService, store: SharedStore | undefined): Part<Configuration> {
  return {
    name: "check",
    start: async () => service.start(),
    reload: async (configuration) => {
      service.reload({ config: configOf(configuration), targets: targetsOf(configuration, store) });
    },
    drain: () => service.drain(),
    drainTimeoutMs,
  };
}

/** What the manager shows. */
export function findingSourceOf(service: CheckService): FindingSource {
  const known = new Map(rules.map((rule) => [rule.id, rule]));
  return {
    now() {
      const { findings, ...state } = service.state;
      return {
        ...state,
        findings: findings.map(({ fingerprint, rule, suppressed, ...finding }) => {
          const { title = rule, explanation = "", references = [] } = known.get(rule) ?? {};
          const { reason, until } = suppressed ?? {};
          return {
            ...{ id: fingerprint, rule, title, explanation, references },
            ...finding,
            ...(reason === undefined ? {} : { suppressed: until === undefined ? { reason } : { reason, until } }),
          };
        }),
      };
    },
    checkNow: () => service.checkNow(),
  };
}

function configOf({ check }: Configuration): CheckConfig {
  return check ?? checkSection.schema.parse({});
}

function targetsOf(configuration: Configuration, store: SharedStore | undefined): LiveTargets {
  const { notify } = configuration;
  if (notify === undefined || store === undefined) return liveTargetsOf(configuration);
  return liveTargetsOf(configuration, async (signal) => readQueueState((await store.open(signal)).store, Date.now()));
}

function hasSomething({ endpoints, nodes, storage, backups, queue }: LiveTargets): boolean {
  return endpoints.length + nodes.length + storage.length > 0 || backups !== undefined || queue !== undefined;
}

function isShared({ store }: Configuration): boolean {
  return store !== undefined && parseStoreUrl(store.url.reveal()).database === "postgres";
}
