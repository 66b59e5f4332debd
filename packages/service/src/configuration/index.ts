/** `@espalier/service/configuration`: the loader and what sections are declared with, without the services' other parts. */
export { ConfigurationError, type ConfigurationProblem, formatProblem } from "./error.ts";
export { loadConfiguration } from "./load.ts";
export { duration } from "./quantity-schema.ts";
export { secret } from "./secret.ts";
export { defineSection, type Section } from "./section.ts";
