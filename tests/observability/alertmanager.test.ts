/** `deploy/alertmanager/alertmanager.yml`, as amtool reads it: where each alert goes. */
import { expect, it } from "vitest";
import { requirePrograms, succeed } from "../lab/index.ts";
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
