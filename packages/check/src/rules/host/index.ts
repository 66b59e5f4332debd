/** The rules about the machine (HST). */
import type { Rule } from "../../engine/rule.ts";

export const hostRules: readonly Rule[] = [];
