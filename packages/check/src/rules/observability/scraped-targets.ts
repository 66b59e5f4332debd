/** What Prometheus's configurations say is scraped. */
import type { Project } from "../../engine/project.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";

export interface ScrapedTarget {
  readonly job: string;
  readonly host: string;
  readonly port: number;
  readonly metricsPath: string;
}

/** Those that are written out; what is discovered is known by {@link discovers} alone. */
export function scrapedTargets(project: Project): readonly ScrapedTarget[] {
  return scrapeConfigs(project).flatMap((config) => {
    const job = config.get("job_name")?.text ?? "";
    const metricsPath = config.get("metrics_path")?.text ?? "/metrics";
    const targets = (config.get("static_configs")?.items() ?? []).flatMap(
      (group) => group.get("targets")?.items() ?? [],
    );
    return targets.flatMap(({ text = "" }) => {
      const [, host = "", port] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
      return host === "" ? [] : [{ job, host, port: port === undefined ? 80 : Number(port), metricsPath }];
    });
  });
}

function scrapeConfigs(project: Project): readonly ConfigNode[] {
  return project.of("prometheus").flatMap(({ root }) => root.get("scrape_configs")?.items() ?? []);
}

/** Whether targets come from elsewhere: other files, or service discovery. */
export function discovers(project: Project): boolean {
  return (
    project.of("prometheus").some(({ root }) => root.get("scrape_config_files") !== undefined) ||
    scrapeConfigs(project).some((config) => config.entries().some(([key]) => key.endsWith("_sd_configs")))
  );
}
