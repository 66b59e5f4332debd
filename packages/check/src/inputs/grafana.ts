/** Dashboards of Grafana, as a file to import or in the envelope that its API takes. */
import type { ConfigNode } from "./config-node.ts";
import { defineFormat } from "./format.ts";
import { InputError } from "./source-file.ts";
import { parseYaml } from "./yaml.ts";

export const grafanaDashboardFormat = defineFormat({
  kind: "grafanaDashboard",
  recognizes: ({ path, text }) =>
    /\.json$/.test(path) &&
    /"panels"\s*:/.test(text) &&
    /"(?:schemaVersion|targets|templating|gridPos)"\s*:/.test(text),
  parse(file) {
    return parseYaml(file).map((root) => {
      if (root.kind !== "map") throw new InputError("a dashboard is a JSON object", root.location);
      const inner = root.get("dashboard");
      return { file, root: inner?.kind === "map" ? inner : root };
    });
  },
});

/** All panels, also those within rows. */
export function panelsOf(dashboard: ConfigNode): readonly ConfigNode[] {
  const rows = dashboard.get("rows")?.items() ?? [];
  return [dashboard, ...rows].flatMap((holder) =>
    (holder.get("panels")?.items() ?? []).flatMap((panel) => [panel, ...(panel.get("panels")?.items() ?? [])]),
  );
}
