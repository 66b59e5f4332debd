/** The rules about suppressions in the files that are checked (SUP). */
import type { Rule } from "../../engine/rule.ts";
import { sup001 } from "./sup001-unusable-comment.ts";

export const suppressionRules: readonly Rule[] = [sup001];
