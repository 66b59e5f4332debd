/** The rules about Authelia's configuration (AUT). */
import type { Rule } from "../../engine/rule.ts";
import { aut001 } from "./aut001-remember-me.ts";
import { aut002 } from "./aut002-sessions.ts";
import { aut003 } from "./aut003-access-policy.ts";
import { aut004 } from "./aut004-notifier.ts";

export const autheliaRules: readonly Rule[] = [aut001, aut002, aut003, aut004];
