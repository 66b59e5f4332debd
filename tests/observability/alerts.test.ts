/** Each alert in `deploy/prometheus/alerts.yml`, as promtool evaluates it: when it fires, with which words, and when it does not. */
import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { requirePrograms, runCommand, temporaryDirectory } from "../lab/index.ts";
import type { AlertCase, Firing } from "./alerts/case.ts";
import { checkAlerts } from "./alerts/checks.ts";
import { deliveryAlerts } from "./alerts/deliveries.ts";
import { everyServiceAlerts } from "./alerts/every-service.ts";
import { gatewayAlerts } from "./alerts/gateway.ts";
import { managerAlerts } from "./alerts/manager.ts";
import { proxyAlerts } from "./alerts/proxy.ts";
import { webhookAlerts } from "./alerts/webhooks.ts";
import { deployed, isAlert, rulesOf } from "./shipped.ts";

const rulesFile = deployed("prometheus/alerts.yml");
const alerts = rulesOf("prometheus/alerts.yml").filter(isAlert);

const cases: Readonly<Record<string, AlertCase>> = {
  ...webhookAlerts,
  ...deliveryAlerts,
  ...everyServiceAlerts,
  ...gatewayAlerts,
  ...proxyAlerts,
  ...managerAlerts,
  ...checkAlerts,
};

/** One test of promtool's file. */
function promtoolTest(alert: string, { at, series }: Pick<Firing, "at" | "series">, expected: readonly object[]) {
  return {
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: expected }],
  };
}

function alertOf(name: string, { labels = {}, summary, description }: Firing): object {
  const rule = alerts.find(({ alert }) => alert === name);
  if (rule === undefined) throw new Error(`There is no alert ${name}`);
  return {
    exp_labels: { ...rule.labels, ...labels },
    exp_annotations: { summary, description: description ?? rule.annotations.description },
  };
}

requirePrograms({ promtool: "prometheus" })("an alert", () => {
  it("has a case here, each of them", () => {
    expect(Object.keys(cases).sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  it.each(Object.entries(cases))("%s fires when it should, and only then", async (name, { firing, silent }) => {
    await using folder = await temporaryDirectory("alerts");
    const tests = [
      promtoolTest(name, firing, [alertOf(name, firing)]),
      ...silent.map((each) => promtoolTest(name, each, [])),
    ];
    writeFileSync(
      folder.file("test.yml"),
      stringify({ rule_files: [rulesFile], evaluation_interval: "30s", tests }, { aliasDuplicateObjects: false }),
    );
    const { stdout, stderr } = await runCommand("promtool", ["test", "rules", folder.file("test.yml")]);
    expect(stdout + stderr).toContain("SUCCESS");
  });
});
