/** Everything that is configured, asked at once, in one table. */
import { check, isOpen, Project, rules } from "@espalier/check";
import { checkSection } from "@espalier/check/config";
import { type HealthRow, observe, rowsOf, withObservation } from "@espalier/check/live";
import { liveTargetsOf } from "../commands/live-targets.ts";
import type { Configuration } from "../configuration.ts";
import { serviceRows } from "./services.ts";
import { lookAtStore } from "./store.ts";
import { composeRows, systemdRows } from "./units.ts";

export async function gatherHealth(configuration: Configuration): Promise<readonly HealthRow[]> {
  const { check: written, notify, store: storeConfig } = configuration;
  const { profile, suppressions, backups } = written ?? checkSection.schema.parse({});
  const store = await lookAtStore(storeConfig, notify !== undefined);
  try {
    // How the machine is prepared is no matter of health.
    const targets = { ...liveTargetsOf(configuration, store.queue), host: false };
    const [observation, services, compose, units] = await Promise.all([
      observe(targets, { now: Date.now }),
      serviceRows(configuration),
      composeRows(process.cwd()),
      systemdRows(),
    ]);
    const now = Date.now();
    const project = withObservation(new Project({ root: "/", files: [], documents: {} }), observation);
    const findings = check(project, rules, { profile, suppressions, now }).findings.filter(isOpen);
    return [
      ...[...services, ...compose, ...units, ...store.rows],
      ...rowsOf(observation, { findings, now, maxBackupAgeMs: backups?.maxAge }),
    ];
  } finally {
    await store.close();
  }
}
