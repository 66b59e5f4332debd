/** The rules about secrets (SEC). */
import type { Rule } from "../../engine/rule.ts";
import { sec001 } from "./sec001-healthcheck-secret.ts";
import { sec002 } from "./sec002-environment-secret.ts";
import { sec003 } from "./sec003-weak-secret.ts";
import { sec004 } from "./sec004-init-sql-password.ts";
import { sec005 } from "./sec005-printed-secret.ts";
import { sec006 } from "./sec006-argument-secret.ts";

export const secretsRules: readonly Rule[] = [sec001, sec002, sec003, sec004, sec005, sec006];
