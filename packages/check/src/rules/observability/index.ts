/** The rules about metrics, alerts and dashboards (OBS). */
import type { Rule } from "../../engine/rule.ts";

export const observabilityRules: readonly Rule[] = [];
