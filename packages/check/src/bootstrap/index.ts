/** `@espalier/check/bootstrap`: the first entries of a new directory. */
export { writeDurably } from "../backup/durable-file.ts";
export { type Bootstrap, type BootstrapOptions, bootstrap, type VerifyPassword } from "./bootstrap.ts";
export { BootstrapError } from "./bootstrap-error.ts";
export { readDeployedFile } from "./deployed.ts";
export { openLiveDirectory } from "./live-directory.ts";
export { readPlan } from "./plan.ts";
