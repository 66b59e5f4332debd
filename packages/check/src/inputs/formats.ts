/** Every format that is read, but for compose files, which are read together. A file may be of several. */
import type { Format } from "./format.ts";

export const formats: readonly Format[] = [];
