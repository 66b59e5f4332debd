/** The rules about TLS (TLS). */
import type { Rule } from "../../engine/rule.ts";

export const tlsRules: readonly Rule[] = [];
