/** The rules about secrets (SEC). */
import type { Rule } from "../../engine/rule.ts";

export const secretsRules: readonly Rule[] = [];
