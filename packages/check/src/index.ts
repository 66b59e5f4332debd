/** The check engine, its rules, and the operations around a deployment. */
export type { CheckConfig } from "./config.ts";
export { checkSection } from "./config.ts";
export type { CheckOptions, Report } from "./engine/check.ts";
export { check } from "./engine/check.ts";
export type { Edit } from "./engine/edit.ts";
export type { Finding } from "./engine/finding.ts";
export { Project, type Unreadable } from "./engine/project.ts";
export type { Found, Profile, Rule, RuleContext } from "./engine/rule.ts";
export { profiles } from "./engine/rule.ts";
export type { ReadOptions } from "./inputs/read-project.ts";
export { readProject } from "./inputs/read-project.ts";
export { rules } from "./rules/index.ts";
