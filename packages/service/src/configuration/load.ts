/** The one place where configuration is read: `espalier.yaml`, and the environment that overrides it. */
import { z } from "zod";
import { defaultConfigurationFile } from "./default-file.ts";
import { Environment, isSet, settingsOf } from "./environment.ts";
import type { ConfigurationProblem } from "./error.ts";
import { ConfigurationError } from "./error.ts";
import { readConfigurationFile } from "./file.ts";
import type { Path } from "./path.ts";
import { formatPath, PathMap } from "./path.ts";
import { metadataOf, schemaAt } from "./schema-tree.ts";
import type { Section } from "./section.ts";
import { issueSentence } from "./sentence.ts";
import { nearestWord } from "./suggestion.ts";
import { prepare, setAt } from "./tree.ts";

export interface ConfigurationSources<Required extends readonly Section[], Optional extends readonly Section[]> {
  /** Path of the file, which must be there. Without it `./espalier.yaml` is read if there is one. */
  readonly file?: string | undefined;
  /** The variables: `process.env`, handed in by the command. An empty variable counts as not set. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Sections that the caller needs. */
  readonly sections: Required;
  /**
   * Sections of other services, in the same file. Each is checked, and given, only if the file has it or one of its
   * variables is set.
   */
  readonly optionalSections?: Optional;
}

type Values<Sections extends readonly Section[]> = {
  readonly [Each in Sections[number] as Each["name"]]: z.output<Each["schema"]>;
};

export interface LoadedConfiguration<Required extends readonly Section[], Optional extends readonly Section[]> {
  readonly values: Values<Required> & Partial<Values<Optional>>;
  /** Path of the file that was read. */
  readonly file: string | undefined;
  /** Sentences about what works but should be changed: deprecated variables. */
  readonly warnings: readonly string[];
}

/**
 * Reads, fills in, merges and checks. The values of a section are its schema's output.
 *
 * In text values of the file `${NAME}` is the variable's text, `${NAME:-default}` the default where the variable is not
 * set or empty, and `$$` a dollar sign. `NAME_FILE` stands in for any variable NAME: the file's text without its last
 * line ends. Text where a number or a boolean is wanted is read as one.
 *
 * @throws {ConfigurationError} with every problem found.
 */
export function loadConfiguration<
  const Required extends readonly Section[],
  const Optional extends readonly Section[] = readonly [],
>(sources: ConfigurationSources<Required, Optional>): LoadedConfiguration<Required, Optional> {
  const problems: ConfigurationProblem[] = [];
  const warnings: string[] = [];
  const report = (problem: ConfigurationProblem) => problems.push(problem);
  const environment = new Environment(sources.environment, report);
  const path = sources.file ?? defaultConfigurationFile;
  const optionalSections = sources.optionalSections ?? [];
  const known = [...sources.sections, ...optionalSections];
  const isVerbatim = ([name, ...below]: Path) =>
    known.some((section) => section.name === name && section.isVerbatim(below));
  const file = readConfigurationFile(path, sources.file !== undefined, { environment, isVerbatim, report });
  // Without its file everything would look missing: one problem says more than twenty.
  if (file === undefined && problems.length > 0) throw new ConfigurationError(problems);

  const tree = { ...file?.tree };
  for (const key of Object.keys(tree)) {
    if (known.some(({ name }) => name === key)) continue;
    report(
      unknownKey(
        [key],
        known.map(({ name }) => name),
        file?.locateKey([key]),
      ),
    );
  }

  const sourceOf = new PathMap<string>();
  const failed = new PathMap<true>();
  for (const each of file?.failed ?? []) failed.set(each, true);
  const present = [
    ...sources.sections,
    ...optionalSections.filter((section) => Object.hasOwn(tree, section.name) || isSet(section, environment)),
  ];
  const values: Record<string, unknown> = {};
  for (const section of present) {
    for (const setting of settingsOf(section, environment, report, (sentence) => warnings.push(sentence))) {
      if ("failed" in setting) {
        failed.set(setting.path, true);
        continue;
      }
      setAt(tree, setting.path, setting.value);
      sourceOf.set(setting.path, setting.source);
    }
    const prepared = prepare(
      section.schema,
      tree[section.name] ?? nothingIn(section),
      [section.name],
      (unknown, keys) => report(unknownKey(unknown, keys, sourceOf.nearest(unknown) ?? file?.locateKey(unknown))),
    );
    const result = check(section, prepared, file?.name ?? defaultConfigurationFile);
    if (result.success) values[section.name] = result.data;
    for (const { path: below, message } of result.error?.issues ?? []) {
      const full = [section.name, ...below];
      if (failed.nearest(full) !== undefined) continue;
      report({ path: formatPath(full), source: sourceOf.nearest(full) ?? file?.locateValue(full), message });
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return {
    values: values as Values<Required> & Partial<Values<Optional>>,
    file: file === undefined ? undefined : path,
    warnings,
  };
}

/** What a section holds that is not there, or is empty: no keys; but a list that is not there is missing. */
function nothingIn({ schema }: Section): unknown {
  return schema instanceof z.ZodArray ? undefined : {};
}

function check(section: Section, value: unknown, fileName: string) {
  return section.schema.safeParse(value, {
    error: (issue) => {
      const path = issue.path ?? [];
      const schema = schemaAt(section.schema, path, value);
      return issueSentence(issue, {
        isSecret: schema !== undefined && metadataOf(schema).secret === true,
        whereToSet: whereToSet(section, path, fileName),
      });
    },
  });
}

function whereToSet(section: Section, path: Path, fileName: string): string {
  const variable = Object.entries(section.environment).find(
    ([, each]) => formatPath(each.path) === formatPath(path),
  )?.[0];
  const key = `${formatPath([section.name, ...path])} in ${fileName}`;
  return variable === undefined ? key : `the variable ${variable} or ${key}`;
}

function unknownKey(path: Path, known: readonly string[], source: string | undefined): ConfigurationProblem {
  const nearest = nearestWord(String(path.at(-1)), known);
  const advice = nearest === undefined ? `known here: ${[...known].sort().join(", ")}` : `did you mean ${nearest}?`;
  return { path: formatPath(path), source, message: `is not a key that exists; ${advice}` };
}
