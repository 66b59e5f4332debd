/** The rules about permissions of files (FSP). */
import type { Rule } from "../../engine/rule.ts";

export const filesRules: readonly Rule[] = [];
