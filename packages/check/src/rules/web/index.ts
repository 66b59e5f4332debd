/** The rules about web servers (WEB). */
import type { Rule } from "../../engine/rule.ts";
import { web001 } from "./web001-cors.ts";
import { web002 } from "./web002-plain-http.ts";
import { web003 } from "./web003-security-headers.ts";
import { web004 } from "./web004-public-metrics.ts";

export const webRules: readonly Rule[] = [web001, web002, web003, web004];
