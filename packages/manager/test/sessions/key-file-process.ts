/** A process that reads a key file when it is told to. */
import { readKeyFile } from "../../src/sessions/key-file.ts";

process.once("message", async () => {
  const key = await readKeyFile(process.argv[2] ?? "");
  process.send?.(Buffer.from(key).toString("hex"), () => process.disconnect());
});
process.send?.("ready");
