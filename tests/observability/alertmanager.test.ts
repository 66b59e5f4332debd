/** `deploy/alertmanager/alertmanager.yml`, as amtool reads it and Alertmanager goes by it: where each alert goes, and which do not. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { requirePrograms, startAlertmanager, succeed, until } from "../lab/index.ts";
import { deployed, isAlert, ruleFiles, rulesOf } from "./shipped.ts";

const file = deployed("alertmanager/alertmanager.yml");

/** The receivers of an alert with these labels. */
async function receivers(labels: Readonly<Record<string, string>>): Promise<string> {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return (await succeed("amtool", ["config", "routes", "test", `--config.file=${file}`, ...pairs])).trim();
}

requirePrograms({ amtool: "prometheus-alertmanager" })("the configuration of Alertmanager", () => {
  it("is such as Alertmanager takes", async () => {
    expect(await succeed("amtool", ["check-config", file])).toContain("SUCCESS");
  });

  it.each([
    [
      "what keeps messages from arriving is mailed, and goes to Espalier",
      { severity: "high", path: "delivery" },
      "mail,espalier",
    ],
    ["so is it when it is critical", { severity: "critical", path: "delivery" }, "mail,espalier"],
    ["what is critical goes to Espalier", { severity: "critical" }, "espalier"],
    ["so does what pages for a promise", { severity: "page", slo: "gateway-search-latency" }, "espalier"],
    ["so does a ticket", { severity: "ticket", slo: "gateway-search-latency" }, "espalier"],
    ["so does what is only to know", { severity: "low" }, "espalier"],
    ["so does an alert of others, without a severity", {}, "espalier"],
  ])("%s", async (_, labels, expected) => {
    expect(await receivers({ alertname: "Any", ...labels })).toBe(expected);
  });

  it("no alert is routed nowhere, and those of deliveries are mailed", async () => {
    const alerts = ruleFiles.flatMap((path) => rulesOf(path).filter(isAlert));
    const kinds = new Map(alerts.map(({ labels }) => [`${labels.severity} ${labels.path}`, labels]));
    const routed = await Promise.all(
      [...kinds.values()].map(async (labels) => [labels.path === "delivery", await receivers(labels)] as const),
    );
    expect(routed).toEqual(routed.map(([isMailed]) => [isMailed, isMailed ? "mail,espalier" : "espalier"]));
    expect(routed.length).toBeGreaterThan(5);
  });
});

type Labels = Readonly<Record<string, string>>;

/** An alert, another one that tells the same, and one that does not although it looks alike. */
const repeated: readonly (readonly [cause: Labels, told: Labels, other: Labels])[] = [
  [{ alertname: "NoBackend" }, { alertname: "BackendDown" }, { alertname: "BackendDown", instance: "n2" }],
  [{ alertname: "DatabaseAway" }, { alertname: "SnapshotOld" }, { alertname: "SnapshotOld", instance: "n2" }],
  [
    { alertname: "ManagerNoNode", directory: "main" },
    { alertname: "ManagerNodeDown", directory: "main" },
    { alertname: "ManagerNodeDown", directory: "other" },
  ],
  [
    { alertname: "BackendDown" },
    { alertname: "FindingHigh", rule: "LDP011" },
    { alertname: "FindingHigh", rule: "TLS003" },
  ],
  [
    { alertname: "ManagerNoNode" },
    { alertname: "FindingCritical", rule: "LDP011" },
    { alertname: "FindingCritical", rule: "LDP011", instance: "n2" },
  ],
  [
    { alertname: "ReplicationLagging" },
    { alertname: "FindingHigh", rule: "LDP012" },
    { alertname: "FindingHigh", rule: "LDP011" },
  ],
  [
    { alertname: "Burn", slo: "a", severity: "page" },
    { alertname: "Burn", slo: "a", severity: "ticket" },
    { alertname: "Burn", slo: "b", severity: "ticket" },
  ],
];

requirePrograms({ "prometheus-alertmanager": "prometheus-alertmanager" })("an alert that follows from another", () => {
  it("is not told of as well, in neither of the two configurations", async () => {
    for (const path of [file, deployed("compose/alertmanager.yml")]) {
      // Each case among itself: the number keeps it apart from the others, as another instance does.
      const of = (index: number, labels: Labels) => ({ job: "espalier", instance: "n1", ...labels, case: `${index}` });
      const alerts = repeated.flatMap((each, index) => each.map((labels) => ({ labels: of(index, labels) })));
      const { inhibit_rules: rules } = parse(readFileSync(path, "utf8"));
      for (const rule of rules) rule.equal.push("case");
      const nobody = { route: { receiver: "nobody" }, receivers: [{ name: "nobody" }], inhibit_rules: rules };
      await using alertmanager = await startAlertmanager(nobody);
      const url = `http://${alertmanager.address}/api/v2/alerts`;
      const headers = { "content-type": "application/json" };
      expect((await fetch(url, { method: "POST", headers, body: JSON.stringify(alerts) })).status).toBe(200);
      const untold = await until("Alertmanager to have judged all", async () => {
        const known = (await (await fetch(url)).json()) as readonly {
          readonly labels: Labels;
          readonly status: { readonly state: string };
        }[];
        if (known.length < alerts.length || known.some(({ status }) => status.state === "unprocessed"))
          return undefined;
        return known.flatMap(({ labels, status }) => (status.state === "suppressed" ? [labels] : []));
      });
      const expected = repeated.map(([, told], index) => of(index, told));
      expect(untold.sort((a, b) => a.case!.localeCompare(b.case!))).toEqual(expected);
    }
  });
});
