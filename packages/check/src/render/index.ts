/** `@espalier/check/render`: templates to configuration. */
export { InputError } from "../inputs/source-file.ts";
export { compareFile, type FileComparison } from "./compare-files.ts";
export { type RenderedFile, type Rendering, type RenderSources, renderFiles } from "./render-files.ts";
export { replaceFiles } from "./replace-files.ts";
export { readVariables, type Variables } from "./variables.ts";
