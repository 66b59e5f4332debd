/** The rules about templates and variables (TPL). */
import type { Rule } from "../../engine/rule.ts";
import { tpl001 } from "./tpl001-placeholder-left.ts";
import { tpl002 } from "./tpl002-unset-variable.ts";
import { tpl003 } from "./tpl003-value-breaks-target.ts";
import { tpl004 } from "./tpl004-unused-variable.ts";

export const templatesRules: readonly Rule[] = [tpl001, tpl002, tpl003, tpl004];
