/** Alertmanager's configuration. */
import { defineFormat } from "./format.ts";
import { parseYaml } from "./yaml.ts";

export const alertmanagerFormat = defineFormat({
  kind: "alertmanager",
  recognizes: ({ path, text }) =>
    /\.ya?ml$/.test(path) &&
    !/^(?:services|apiVersion):/m.test(text) &&
    (/(?:^|\/)alertmanager[^/]*\.ya?ml$/.test(path)
      ? /^(?:route|receivers|global):/m.test(text)
      : /^route:/m.test(text) && /^receivers:/m.test(text)),
  parse: (file) => parseYaml(file).map((root) => ({ file, root })),
});
