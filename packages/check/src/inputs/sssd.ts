/** sssd.conf and the snippets in its conf.d: sections of options (sssd.conf(5), “FILE FORMAT”). */
import { posix } from "node:path";
import type { ConfigNode } from "./config-node.ts";
import type { ConfigFile } from "./documents.ts";
import { defineFormat } from "./format.ts";
import { parseIni } from "./ini.ts";

export const sssdFormat = defineFormat({
  kind: "sssd",
  recognizes: ({ path, text }) =>
    posix.basename(path) === "sssd.conf" || (path.endsWith(".conf") && /^\[(?:sssd|domain\/[^\]\n]+)\]/m.test(text)),
  // Blanks before a comment make it a line without `=`, at which SSSD does not start.
  parse: (file) => [{ file, root: parseIni(file, { comment: /^(?:[#;]|\/\/)/ }) }],
});

/** A domain as SSSD sees it: what conf.d says goes before sssd.conf. */
export interface SssdDomain {
  readonly name: string;
  /** The file that names it first. */
  readonly config: ConfigFile;
  /** Its section there. */
  readonly section: ConfigNode;
  option(name: string): ConfigNode | undefined;
}

/** The domains that are in use: with a list of `domains`, those that it names. */
export function sssdDomains(files: readonly ConfigFile[]): readonly SssdDomain[] {
  const installations = Map.groupBy(files, ({ file }) => posix.dirname(file.path).replace(/(?:^|\/)conf\.d$/, ""));
  return [...installations.values()].flatMap((parts) => {
    const ordered = [...parts].sort(
      (left, right) => rankOf(left) - rankOf(right) || (left.file.path < right.file.path ? -1 : 1),
    );
    const listed = lastOption(ordered, "sssd", "domains")
      ?.text?.split(",")
      .map((name) => name.trim());
    const names = new Set(
      ordered.flatMap(({ root }) => root.entries().flatMap(([section]) => domainName(section) ?? [])),
    );
    return [...names]
      .filter((name) => listed === undefined || listed.includes(name))
      .map((name): SssdDomain => {
        const section = `domain/${name}`;
        const config = ordered.find(({ root }) => root.get(section) !== undefined)!;
        return {
          name,
          config,
          section: config.root.get(section)!,
          option: (option) => lastOption(ordered, section, option),
        };
      });
  });
}

function domainName(section: string): string | undefined {
  return /^domain\/([^/]+)$/.exec(section)?.[1];
}

function rankOf({ file }: ConfigFile): number {
  return posix.basename(file.path) === "sssd.conf" ? 0 : 1;
}

function lastOption(files: readonly ConfigFile[], section: string, option: string): ConfigNode | undefined {
  return files.findLast(({ root }) => root.get(section, option) !== undefined)?.root.get(section, option);
}
