/** What rendering would change in a folder, to be shown to somebody who may not know the secrets in it. */
import { readFileSync, statSync } from "node:fs";
import { namesSecret, redacted, redactUrls } from "@espalier/service/plain";
import { unifiedDiff } from "../engine/fix/text-diff.ts";
import type { RenderedFile } from "./render-files.ts";
import type { SecretRange } from "./render-text.ts";

export interface FileComparison {
  readonly file: RenderedFile;
  /** Whether content or permissions differ from what is there, or nothing is there. */
  readonly isChanged: boolean;
  /** In the unified format, secrets hidden; empty where the content is the same. */
  readonly diff: string;
  /** Permission bits of what is there; undefined where nothing is. */
  readonly currentMode: number | undefined;
}

/** @throws the error of the file system for a file that is there and cannot be read. */
export function compareFile(file: RenderedFile): FileComparison {
  const current = readCurrent(file.absolutePath);
  const content = Buffer.from(file.content);
  const isSame = current?.bytes.equals(content) === true;
  return {
    file,
    isChanged: !isSame || current?.mode !== file.mode,
    diff: isSame ? "" : diffOf(file, current),
    currentMode: current?.mode,
  };
}

interface Current {
  readonly bytes: Buffer;
  readonly mode: number;
}

function readCurrent(path: string): Current | undefined {
  try {
    return { bytes: readFileSync(path), mode: statSync(path).mode & 0o777 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function diffOf({ path, content, secrets }: RenderedFile, current: Current | undefined): string {
  if (typeof content !== "string" || current?.bytes.includes(0) === true) return `Binary files ${path} differ\n`;
  const before = current?.bytes.toString("utf8") ?? "";
  // Of what is there nobody says which parts are secret.
  const isGuarded = secrets.length > 0 || (current !== undefined && (current.mode & 0o077) === 0);
  const shownAfter = hideRanges(content, secrets).split("\n");
  const shownBefore = hideLines(before.split("\n"), shownAfter, isGuarded);
  return showLines(unifiedDiff(path, before, content), shownBefore, shownAfter);
}

/** A unified diff with other lines in place of those of the two texts, as many of each. */
function showLines(diff: string, before: readonly string[], after: readonly string[]): string {
  let beforeLine = 0;
  let afterLine = 0;
  const [from, to, ...lines] = diff.split("\n");
  const shown = lines.map((line) => {
    const [, removed, noneRemoved, added, noneAdded] = /^@@ -(\d+)(,0)?[^+]*\+(\d+)(,0)?/.exec(line) ?? [];
    if (removed !== undefined) {
      // An empty range names the line before it.
      beforeLine = Number(removed) - (noneRemoved === undefined ? 1 : 0);
      afterLine = Number(added) - (noneAdded === undefined ? 1 : 0);
    }
    switch (line[0]) {
      case "-":
        return `-${before[beforeLine++]}`;
      case "+":
        return `+${after[afterLine++]}`;
      case " ":
        beforeLine += 1;
        return ` ${after[afterLine++]}`;
      default:
        return line;
    }
  });
  return [from, to, ...shown].join("\n");
}

/** Line breaks within a secret stay, so that the lines remain as many. */
function hideRanges(text: string, secrets: readonly SecretRange[]): string {
  let shown = "";
  let at = 0;
  for (const { start, end } of secrets) {
    shown += text.slice(at, start) + text.slice(start, end).replaceAll(/[^\n]+/g, redacted);
    at = end;
  }
  return shown + text.slice(at);
}

const keyed = /^(\s*(?:- )?["']?([\w.-]+)["']?\s*[:=]+\s?)(.+)$/;

/** Lines that stay are known to hold no other secret than those that are hidden; of another one, at most a key that stays. */
function hideLines(lines: readonly string[], shownAfter: readonly string[], isGuarded: boolean): readonly string[] {
  const known = new Set(shownAfter);
  const keys = new Set(shownAfter.map((line) => keyed.exec(line)?.[1]));
  return lines.map((line) => {
    if (known.has(line) || line.trim() === "") return line;
    const [, head, key = ""] = keyed.exec(line) ?? [];
    if (!isGuarded && !namesSecret(key)) return redactUrls(line);
    return head !== undefined && keys.has(head) ? `${head}${redacted}` : redacted;
  });
}
