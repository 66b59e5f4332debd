/** The rules about backups (BKP). */
import type { Rule } from "../../engine/rule.ts";

export const backupRules: readonly Rule[] = [];
