/** Preloaded into a command: at its end writes the packages that were asked for, sorted, to the file that RECORD_IMPORTS names. */
import { writeFileSync } from "node:fs";
import { isBuiltin, registerHooks } from "node:module";

const asked = new Set<string>();

registerHooks({
  resolve(name, context, next) {
    const isFile = name.startsWith(".") || name.startsWith("/") || name.startsWith("file:");
    if (!isFile && !isBuiltin(name)) asked.add(name);
    return next(name, context);
  },
});

process.on("exit", () => writeFileSync(process.env.RECORD_IMPORTS ?? "", JSON.stringify([...asked].sort())));
