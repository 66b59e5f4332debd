/** The rules about compose files (CMP). */
import type { Rule } from "../../engine/rule.ts";

export const composeRules: readonly Rule[] = [];
