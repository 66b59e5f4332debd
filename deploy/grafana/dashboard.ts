/** A dashboard as what it shows, and as the JSON model that Grafana imports (schema version 39: Grafana 10.4 and later). */

/** Of Grafana's own list. */
export type Unit = "short" | "s" | "percentunit" | "bytes" | "ops" | "reqps" | "binBps" | "bool_on_off" | "dtdurations";

export interface Query {
  readonly expr: string;
  /** A template over labels, `{{operation}}`; for a table the title of the column. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly type: "timeseries" | "stat" | "table";
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** From where on it is red, or below which with `isLow`. */
  readonly red?: { readonly at: number; readonly isLow?: boolean };
}

export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  /** Its name in `deploy/grafana/`. */
  readonly file: string;
  readonly uid: string;
  readonly title: string;
  readonly sections: readonly Section[];
}

const sizes = {
  stat: { w: 4, h: 4 },
  timeseries: { w: 8, h: 8 },
  table: { w: 12, h: 8 },
} as const satisfies Record<Panel["type"], object>;
const columns = 24;

const datasource = { type: "prometheus", uid: "${datasource}" } as const;

/** What Grafana imports, as text. */
export function formatDashboard(dashboard: Dashboard): string {
  return `${JSON.stringify(model(dashboard), null, 2)}\n`;
}

function model({ uid, title, sections }: Dashboard) {
  return {
    uid,
    title,
    tags: ["espalier"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    time: { from: "now-6h", to: "now" },
    refresh: "1m",
    timezone: "",
    annotations: { list: [] },
    templating: { list: [datasourceVariable, instanceVariable] },
    panels: placed(sections),
  };
}

const datasourceVariable = {
  type: "datasource",
  name: "datasource",
  label: "Prometheus",
  query: "prometheus",
} as const;

const instanceQuery = 'label_values(up{job="espalier"}, instance)';

const instanceVariable = {
  type: "query",
  name: "instance",
  label: "Instance",
  datasource,
  definition: instanceQuery,
  query: { query: instanceQuery, refId: "instance" },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: ".*",
  current: { text: ["All"], value: ["$__all"] },
} as const;

/** From left to right and from top to bottom, each section below a line with its title. */
function placed(sections: readonly Section[]): readonly object[] {
  const models: object[] = [];
  let y = 0;
  for (const { title, panels } of sections) {
    models.push({
      id: models.length + 1,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: columns, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const panel of panels) {
      const { w, h } = sizes[panel.type];
      if (x + w > columns) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      models.push({ id: models.length + 1, gridPos: { x, y, w, h }, ...panelModel(panel) });
      x += w;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return models;
}

function panelModel({ type, title, description, unit, queries, red }: Panel) {
  const isTable = type === "table";
  const steps = [
    { color: red?.isLow ? "red" : "green", value: null },
    ...(red === undefined ? [] : [{ color: red.isLow ? "green" : "red", value: red.at }]),
  ];
  return {
    type,
    title,
    ...(description === undefined ? {} : { description }),
    datasource,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: refId(index),
      datasource,
      expr,
      legendFormat: legend,
      ...(isTable
        ? { instant: true, range: false, format: "table" }
        : { instant: type === "stat", range: type !== "stat" }),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        thresholds: { mode: "absolute", steps },
        ...(type === "timeseries" ? { custom: { fillOpacity: 10, showPoints: "never" } } : {}),
      },
      overrides: [],
    },
    ...options[type],
    ...(isTable ? { transformations: tableOf(queries) } : {}),
  };
}

const options = {
  timeseries: {
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  },
  stat: {
    options: {
      colorMode: "value",
      graphMode: "none",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    },
  },
  table: { options: { showHeader: true } },
} as const satisfies Record<Panel["type"], object>;

/** One line for each combination of labels, with a column for each query. */
function tableOf(queries: readonly Query[]): readonly object[] {
  const column = (index: number) => (queries.length === 1 ? "Value" : `Value #${refId(index)}`);
  return [
    { id: "merge", options: {} },
    {
      id: "organize",
      options: {
        excludeByName: { Time: true, __name__: true, job: true },
        renameByName: Object.fromEntries(queries.map(({ legend }, index) => [column(index), legend])),
      },
    },
  ];
}

function refId(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}
