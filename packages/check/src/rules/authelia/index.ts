/** The rules about Authelia's configuration (AUT). */
import type { Rule } from "../../engine/rule.ts";

export const autheliaRules: readonly Rule[] = [];
