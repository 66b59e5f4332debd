/** The rules about web servers (WEB). */
import type { Rule } from "../../engine/rule.ts";

export const webRules: readonly Rule[] = [];
