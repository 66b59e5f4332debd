/** What the browser's client knows of the API: types alone, nothing that runs. */
import type { z } from "zod";
import type { diffLineSchema } from "../replication/routes.ts";

export type { EntryJson } from "./entry.ts";
export type { Problem, ProblemCode } from "./problem.ts";
export type { ApiRoutes } from "./routes.ts";
export type { Attributes, Value } from "./value.ts";
/** A line of a comparison of nodes, which is a stream. */
export type DiffLineJson = z.output<typeof diffLineSchema>;
