/** The rules about templates and variables (TPL). */
import type { Rule } from "../../engine/rule.ts";

export const templatesRules: readonly Rule[] = [];
