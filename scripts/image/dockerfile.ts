/**
 * Reads a Dockerfile: the instructions of Docker's “Dockerfile reference” that this project's file uses, and no others.
 * What it does not know (another instruction, a flag, a heredoc, a shell form) is an error and never left out.
 */

type Instruction =
  | { readonly kind: "arg"; readonly name: string; readonly value: string | undefined }
  | { readonly kind: "from"; readonly image: string; readonly stage: string | undefined }
  | {
      readonly kind: "copy";
      readonly from: string | undefined;
      readonly sources: readonly string[];
      readonly destination: string;
    }
  | { readonly kind: "run"; readonly command: string }
  | { readonly kind: "env"; readonly name: string; readonly value: string }
  | { readonly kind: "workdir"; readonly path: string }
  | { readonly kind: "user"; readonly user: string }
  | { readonly kind: "volume"; readonly path: string }
  | { readonly kind: "entrypoint"; readonly command: readonly string[] }
  | { readonly kind: "cmd"; readonly command: readonly string[] }
  | {
      readonly kind: "healthcheck";
      readonly options: Readonly<Record<string, string>>;
      readonly command: readonly string[];
    };

/** An instruction, the line on which it begins, and all of it on one line. */
export type Step = Instruction & { readonly line: number; readonly text: string };

export class DockerfileError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = "DockerfileError";
    this.line = line;
  }
}

/** @throws DockerfileError for whatever it does not know. */
export function parseDockerfile(text: string): readonly Step[] {
  const steps = logicalLines(text).map(({ line, content }) => {
    try {
      return { ...parseInstruction(content), line, text: content.trim().replace(/\s+/g, " ") };
    } catch (error) {
      throw error instanceof SyntaxError ? new DockerfileError(line, error.message) : error;
    }
  });
  const first = steps.find(({ kind }) => kind !== "arg");
  if (first?.kind !== "from") throw new DockerfileError(first?.line ?? 1, "the first instruction but ARG must be FROM");
  return steps;
}

/** Lines joined where they end with a backslash; comments and empty lines are left out, also within a continued line. */
function logicalLines(text: string): readonly { line: number; content: string }[] {
  const lines: { line: number; content: string }[] = [];
  let begun: { line: number; content: string } | undefined;
  for (const [index, physical] of text.split(/\r?\n/).entries()) {
    if (/^#\s*(syntax|escape|check)\s*=/i.test(physical)) {
      throw new DockerfileError(index + 1, "parser directives are not known here");
    }
    if (/^\s*(#|$)/.test(physical)) continue;
    const isContinued = /\\[ \t]*$/.test(physical);
    const part = isContinued ? physical.replace(/\\[ \t]*$/, "") : physical;
    begun = begun === undefined ? { line: index + 1, content: part } : { ...begun, content: begun.content + part };
    if (isContinued) continue;
    lines.push(begun);
    begun = undefined;
  }
  if (begun !== undefined) throw new DockerfileError(begun.line, "the last line must not end with a backslash");
  return lines;
}

/** @throws SyntaxError */
function parseInstruction(content: string): Instruction {
  const [, keyword = "", rest = ""] = /^\s*(\S+)\s*(.*)$/s.exec(content) ?? [];
  const parse = Object.hasOwn(parsers, keyword.toUpperCase()) ? parsers[keyword.toUpperCase()] : undefined;
  if (parse === undefined) throw new SyntaxError(`${keyword} is not known here`);
  const argument = rest.trim();
  if (argument === "") throw new SyntaxError(`${keyword} needs an argument`);
  return parse(argument);
}

const parsers: Readonly<Record<string, (argument: string) => Instruction>> = {
  ARG: (argument) => {
    const [name, value] = assignment(oneWord("ARG", argument));
    return { kind: "arg", name, value };
  },
  FROM: (argument) => {
    const [, image, stage] = /^([^\s-]\S*)(?:\s+AS\s+([a-z][a-z0-9_.-]*))?$/i.exec(argument) ?? [];
    if (image === undefined) throw new SyntaxError("FROM is known as FROM IMAGE and FROM IMAGE AS NAME");
    return { kind: "from", image, stage: stage?.toLowerCase() };
  },
  COPY: (argument) => {
    const { flags, rest } = flagsOf("COPY", argument, ["from"]);
    const paths = words(rest);
    const destination = paths.pop();
    if (destination === undefined || paths.length === 0) throw new SyntaxError("COPY needs a source and a destination");
    const special = paths.find((path) => /[*?[\]]|^<</.test(path) || path.split("/").includes(".."));
    if (special !== undefined)
      throw new SyntaxError(`COPY of ${special}: patterns, heredocs and .. are not known here`);
    return { kind: "copy", from: flags.from, sources: paths, destination };
  },
  RUN: (argument) => {
    if (/^(--|\[)/.test(argument) || argument.includes("<<")) {
      throw new SyntaxError("RUN is known with a shell command alone: no flag, array or heredoc");
    }
    return { kind: "run", command: argument };
  },
  ENV: (argument) => {
    const [name, value] = assignment(oneWord("ENV", argument));
    if (value === undefined) throw new SyntaxError("ENV is known as ENV NAME=value");
    return { kind: "env", name, value };
  },
  WORKDIR: (argument) => ({ kind: "workdir", path: oneWord("WORKDIR", argument) }),
  USER: (argument) => {
    if (!/^\d+:\d+$/.test(argument)) throw new SyntaxError("USER is known as two numbers, UID:GID");
    return { kind: "user", user: argument };
  },
  VOLUME: (argument) => ({ kind: "volume", path: oneWord("VOLUME", argument) }),
  ENTRYPOINT: (argument) => ({ kind: "entrypoint", command: execForm("ENTRYPOINT", argument) }),
  CMD: (argument) => ({ kind: "cmd", command: execForm("CMD", argument) }),
  HEALTHCHECK: (argument) => {
    const { flags, rest } = flagsOf("HEALTHCHECK", argument, ["interval", "timeout", "start-period", "retries"]);
    const [, command] = /^CMD\s+(.*)$/s.exec(rest) ?? [];
    if (command === undefined) throw new SyntaxError("HEALTHCHECK is known with CMD alone");
    return { kind: "healthcheck", options: flags, command: execForm("HEALTHCHECK", command) };
  },
};

/** `["program", "argument"]`. A shell form would put a shell in front of the process: it would not get the signals. */
function execForm(keyword: string, argument: string): readonly string[] {
  const value = argument.startsWith("[") ? (JSON.parse(argument) as unknown[]) : [];
  if (value.length === 0 || !value.every((word) => typeof word === "string")) {
    throw new SyntaxError(`${keyword} is known as an array of words alone, ["program", "argument"]`);
  }
  return value;
}

function flagsOf(keyword: string, argument: string, known: readonly string[]) {
  const flags: Record<string, string> = {};
  let rest = argument;
  for (;;) {
    const [whole, name, value] = /^--([^\s=]+)(?:=(\S*))?(?:\s+|$)/.exec(rest) ?? [];
    if (whole === undefined || name === undefined) return { flags, rest };
    if (!known.includes(name) || !value) throw new SyntaxError(`${keyword} --${name} is not known here`);
    flags[name] = value;
    rest = rest.slice(whole.length);
  }
}

function assignment(word: string): readonly [name: string, value: string | undefined] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (name === undefined) throw new SyntaxError(`${word} is not NAME=value`);
  return [name, value];
}

function oneWord(keyword: string, argument: string): string {
  const [word = "", ...others] = words(argument);
  if (others.length > 0) throw new SyntaxError(`${keyword} is known with one word alone`);
  return word;
}

/** Quotes, backslashes and arrays would need a shell's rules. */
function words(text: string): string[] {
  if (/["'\\]|^\[/.test(text)) throw new SyntaxError(`${text}: quotes, backslashes and arrays are not known here`);
  return text.split(/\s+/).filter((word) => word !== "");
}

/**
 * Fills `$NAME` and `${NAME}`. @throws SyntaxError for one that has no value, which Docker would take for an empty text, and
 * for `${NAME:-…}`.
 */
export function fillVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*)|)/g, (written, braced?: string, bare?: string) => {
    const value = variables.get(braced ?? bare ?? "");
    if (value === undefined) throw new SyntaxError(`${written} has no value`);
    return value;
  });
}
