/** Docker's own configuration, `daemon.json`: what it sets counts for every container. */
import { defineFormat } from "./format.ts";
import { parseYaml } from "./yaml.ts";

export const dockerDaemonFormat = defineFormat({
  kind: "dockerDaemon",
  recognizes: ({ path }) => /(?:^|\/)daemon\.json$/.test(path),
  parse: (file) => parseYaml(file).map((root) => ({ file, root })),
});
