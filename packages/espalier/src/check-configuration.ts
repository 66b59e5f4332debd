/** What a check reads of the configuration: its own section. The services, whose sections are beside it, are not loaded for it. */
import { type CheckConfig, checkSection } from "@espalier/check/config";
import { loadConfiguration, type Section } from "@espalier/service/configuration";
import { z } from "zod";
import type { Environment } from "./configuration.ts";

export interface CheckConfiguration {
  readonly check: CheckConfig;
  /** The file that was read. */
  readonly file: string | undefined;
  /** Whether the file has nothing else. */
  readonly isAlone: boolean;
}

/** The other sections of `configuration.ts`, and which of them are lists. */
export const otherSections = {
  gateway: "map",
  proxy: "map",
  notify: "map",
  manager: "map",
  clusters: "list",
  store: "map",
  log: "map",
  metrics: "map",
} as const;

/** What a check asks and excuses: the rest of the file is not looked at, and no variable has to be set. @throws ConfigurationError */
export function loadCheckConfiguration(environment: Environment, file: string | undefined): CheckConfiguration {
  const optionalSections = Object.entries(otherSections).map(
    ([name, kind]): Section => ({
      name,
      description: "",
      schema: kind === "list" ? z.array(z.unknown()) : z.looseObject({}),
      environment: {},
      isVerbatim: () => true,
    }),
  );
  const { values, file: path } = loadConfiguration({ file, environment, sections: [checkSection], optionalSections });
  return { check: values.check as CheckConfig, file: path, isAlone: Object.keys(values).length === 1 };
}
