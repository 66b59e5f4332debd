/** The rules about directories and their clients (LDP). */
import type { Rule } from "../../engine/rule.ts";

export const directoryRules: readonly Rule[] = [];
