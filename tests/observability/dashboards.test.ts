/** The dashboards in `deploy/grafana/`: what Grafana imports is what is defined, and such as it can show. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { formatDashboard } from "../../deploy/grafana/dashboard.ts";
import { dashboards } from "../../deploy/grafana/dashboards.ts";
import { deployed } from "./shipped.ts";

interface PanelModel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly datasource: { readonly uid: string } }[];
}

const models = dashboards.map((dashboard) => {
  const model = JSON.parse(formatDashboard(dashboard)) as { readonly panels: readonly PanelModel[] };
  return [dashboard.file, model.panels] as const;
});

/** Run with `-u` to write them anew. */
describe("the files are what dashboards.ts says", () => {
  it.each(dashboards.map((dashboard) => [dashboard.file, dashboard] as const))("%s", async (file, dashboard) => {
    await expect(formatDashboard(dashboard)).toMatchFileSnapshot(deployed(`grafana/${file}`));
  });

  it("and there are no others", () => {
    const files = readdirSync(deployed("grafana")).filter((name) => name.endsWith(".json"));
    expect(files.sort()).toEqual(dashboards.map(({ file }) => file).sort());
  });
});

describe.each(models)("%s", (_, panels) => {
  it("has panels of kinds that Grafana still has, each of the datasource that is chosen above", () => {
    const shown = panels.filter(({ type }) => type !== "row");
    expect(
      [...new Set(shown.map(({ type }) => type))].filter((type) => !["timeseries", "stat", "table"].includes(type)),
    ).toEqual([]);
    const sources = shown.flatMap(({ datasource, targets = [] }) => [
      datasource,
      ...targets.map((each) => each.datasource),
    ]);
    expect([...new Set(sources.map((source) => source?.uid))]).toEqual(["${datasource}"]);
  });

  it("has no two panels in one place, and none with another's id", () => {
    const places = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    );
    expect(new Set(places).size).toBe(places.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});
