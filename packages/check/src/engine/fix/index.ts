/** `@espalier/check/fix`: puts right what can be. */
export { applyFixes, type FixResult } from "./apply-fixes.ts";
export { type FixLevel, type FixPlan, formatPlan, planFixes, type Refusal } from "./plan-fixes.ts";
