/**
 * The `espalier` command. What Node has compiled is kept beside the installed packages, where whoever may write could change the
 * program itself: measured, a check of 80 services then takes 0.9 s of a core in place of 1.6. Where nothing can be written there, it
 * does without.
 */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

enableCompileCache(fileURLToPath(new URL("../../../node_modules/.cache/espalier", import.meta.url)));
await import("./run.ts");
