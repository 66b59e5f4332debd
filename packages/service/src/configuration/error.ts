/** What is wrong with a configuration, all of it at once, in sentences for the person who wrote it. */

export interface ConfigurationProblem {
  /** The key, dotted, such as `gateway.sql.uri`; empty when the whole file is meant. */
  readonly path: string;
  /** Where the value came from: `espalier.yaml:12:9`, or the name of a variable; `undefined` when there is none. */
  readonly source: string | undefined;
  /** What is wrong and what to do. Holds no secret. */
  readonly message: string;
}

/** Stops the start; a command that meets it ends with exit code 2. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly problems: readonly ConfigurationProblem[];
  constructor(problems: readonly ConfigurationProblem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

/** One line. */
export function formatProblem({ path, source, message }: ConfigurationProblem): string {
  return [source, path === "" ? undefined : path, message].filter((part) => part !== undefined).join(": ");
}
