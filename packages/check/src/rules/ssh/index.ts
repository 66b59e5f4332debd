/** The rules about SSH (SSH). */
import type { Rule } from "../../engine/rule.ts";

export const sshRules: readonly Rule[] = [];
