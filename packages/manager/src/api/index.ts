/** What the browser's client knows of the API: types alone, nothing that runs. */
export type { EntryJson } from "./entry.ts";
export type { Problem, ProblemCode } from "./problem.ts";
export type { ApiRoutes } from "./routes.ts";
export type { Attributes, Value } from "./value.ts";
