/** The rules about observability (OBS). */
import type { Rule } from "../../engine/rule.ts";
import { obs001 } from "./obs001-unwatched.ts";
import { obs002 } from "./obs002-invalid-configuration.ts";
import { obs003 } from "./obs003-wrong-expression.ts";
import { obs004 } from "./obs004-ephemeral-logs.ts";

export const observabilityRules: readonly Rule[] = [obs001, obs002, obs003, obs004];
