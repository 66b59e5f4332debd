/** Espalier's own configuration, and the `config.yml` of clusters that its manager takes over. */
import { posix } from "node:path";
import { defineFormat } from "./format.ts";
import { parseYaml } from "./yaml.ts";

/** A section at the beginning of a line together with a key that it alone has, for files of another name. */
const signs: readonly (readonly [section: RegExp, key: RegExp])[] = [
  [/^clusters:/m, /^\s+(?:-\s+)?(?:bind_dn|base_dn|nodes|host):/m],
  [/^gateway:/m, /^\s+(?:sql|requireAuthForSearch|authBackends):/m],
  [/^proxy:/m, /^\s+tiers:/m],
  [/^notify:/m, /^\s+(?:channels|approvals|deliveries):/m],
  [/^manager:/m, /^\s+(?:keyFile|publicUrl|contextPath):/m],
];

/** Dashboards and promises are kept in files of that name, too. */
const ownSections = /^["']?(?:gateway|proxy|notify|manager|clusters|check|store|log|metrics)["']?\s*:/m;

export const espalierFormat = defineFormat({
  kind: "espalier",
  recognizes: ({ path, text }) =>
    /\.ya?ml$/.test(path) &&
    ((/^espalier\.ya?ml$/.test(posix.basename(path)) && ownSections.test(text)) ||
      (!/^services:/m.test(text) && signs.some(([section, key]) => section.test(text) && key.test(text)))),
  parse: (file) => parseYaml(file).map((root) => ({ file, root })),
});
