/** `.dockerignore` files: which files of a build context are not sent to the builder. Docker, “Dockerfile reference”. */
import { defineFormat } from "./format.ts";
import type { SourceFile } from "./source-file.ts";

export interface Dockerignore {
  readonly file: SourceFile;
  readonly patterns: readonly DockerignorePattern[];
}

export interface DockerignorePattern {
  /** `!` before it: what it matches is sent after all. */
  readonly isException: boolean;
  readonly expression: RegExp;
}

export const dockerignoreFormat = defineFormat({
  kind: "dockerignore",
  recognizes: ({ path }) => /(?:^|[/.])\.?dockerignore$/.test(path),
  parse: (file) => [{ file, patterns: parseDockerignore(file.text) }],
});

export function parseDockerignore(text: string): readonly DockerignorePattern[] {
  return text.split(/\r?\n/).flatMap((line) => {
    if (line.startsWith("#")) return [];
    const trimmed = line.trim();
    const isException = trimmed.startsWith("!");
    const path = (isException ? trimmed.slice(1).trim() : trimmed).replace(/^\.?\/+/, "").replace(/\/+$/, "");
    return path === "" ? [] : [{ isException, expression: expressionOf(path) }];
  });
}

/** Whether the file is left out; the last pattern that matches it, or a folder it is in, decides. */
export function isIgnored(patterns: readonly DockerignorePattern[], path: string): boolean {
  let ignored = false;
  for (const { isException, expression } of patterns) if (expression.test(path)) ignored = !isException;
  return ignored;
}

/** Go's filepath.Match and `**`, for the path itself and for all below it. */
function expressionOf(path: string): RegExp {
  let source = "";
  for (const [piece] of path.matchAll(/\*\*\/|\*\*|\*|\?|\[(?:\\.|[^\]\\])+\]|\\.|[\s\S]/g)) {
    if (piece === "**/") source += "(?:.*/)?";
    else if (piece === "**") source += ".*";
    else if (piece === "*") source += "[^/]*";
    else if (piece === "?") source += "[^/]";
    else if (piece.length > 2 && piece.startsWith("[")) source += classOf(piece);
    else source += escaped(piece.length === 2 && piece.startsWith("\\") ? piece.slice(1) : piece);
  }
  return new RegExp(`^${source}(?:/.*)?$`, "s");
}

/** A class of characters; one that is not a range of anything, as `[b-a]`, matches nothing. */
function classOf(piece: string): string {
  const inner = piece.slice(1, -1).replace(/^\^/, "");
  const source = `[${piece.startsWith("[^") ? "^/" : ""}${inner.replace(/[\]^[]/g, "\\$&")}]`;
  try {
    new RegExp(source);
    return source;
  } catch {
    return "(?!)";
  }
}

function escaped(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
