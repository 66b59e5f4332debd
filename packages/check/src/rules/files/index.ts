/** The rules about permissions of files (FSP). */
import type { Rule } from "../../engine/rule.ts";
import { fsp001 } from "./fsp001-secret-mode.ts";
import { fsp002 } from "./fsp002-writable-configuration.ts";

export const filesRules: readonly Rule[] = [fsp001, fsp002];
