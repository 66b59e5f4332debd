/** Prometheus's configuration, and its rule files. */
import { defineFormat } from "./format.ts";
import type { SourceFile } from "./source-file.ts";
import { parseYaml } from "./yaml.ts";

const yaml = /\.(?:ya?ml|rules)$/;
/** Files that are called `prometheus.yml` and are something else: Compose, Kubernetes, a data source of Grafana. */
const foreign = /^(?:services|apiVersion|datasources):/m;

export const prometheusFormat = defineFormat({
  kind: "prometheus",
  recognizes: ({ path, text }) =>
    yaml.test(path) &&
    !foreign.test(text) &&
    (/^(?:scrape_configs|rule_files):/m.test(text) || /(?:^|\/)prometheus[^/]*\.ya?ml$/.test(path)) &&
    !areRules({ path, text }),
  parse: (file) => parseYaml(file).map((root) => ({ file, root })),
});

export const prometheusRulesFormat = defineFormat({
  kind: "prometheusRules",
  recognizes: areRules,
  parse: (file) => parseYaml(file).map((root) => ({ file, root })),
});

/** A name that was written wrongly is OBS002's to tell: two of these are enough. */
const ruleSigns = [/^[ \t-]*rules:/m, /^[ \t-]*(?:alert|record):/m, /^[ \t-]*expr:/m];

/** Loki's rules have the same form, and another language. */
function areRules({ path, text }: Pick<SourceFile, "path" | "text">): boolean {
  return (
    yaml.test(path) &&
    !/loki/i.test(path) &&
    !foreign.test(text) &&
    /^groups:/m.test(text) &&
    ruleSigns.filter((sign) => sign.test(text)).length > 1
  );
}
