/** Configuration of ssh and of sshd: keywords with their arguments, and the block they are in. ssh_config(5), sshd_config(5). */
import { defineFormat } from "./format.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

export interface SshConfig {
  readonly file: SourceFile;
  readonly side: "client" | "server";
  /** Whether it is one of the files that a main one includes, as `sshd_config.d/50-local.conf`. */
  readonly isFragment: boolean;
  readonly directives: readonly SshDirective[];
}

export interface SshDirective {
  /** In lower case: keywords have no case. */
  readonly keyword: string;
  /** Quotes taken off. */
  readonly parameters: readonly string[];
  /** The line of the `Host` or `Match` that it is under; undefined for what holds for all. */
  readonly block: string | undefined;
  readonly location: Location;
}

const server = /(?:^|\/)sshd_config(?:\.d\/[^/]+\.conf)?$/;
const client = /(?:^|\/)(?:ssh_config(?:\.d\/[^/]+\.conf)?|\.ssh\/config)$/;

export const sshConfigFormat = defineFormat({
  kind: "sshConfig",
  recognizes: ({ path }) => server.test(path) || client.test(path),
  parse: (file) => [
    {
      file,
      side: server.test(file.path) ? "server" : "client",
      isFragment: /_config\.d\//.test(file.path),
      directives: directivesOf(file),
    },
  ],
});

function directivesOf(file: SourceFile): readonly SshDirective[] {
  let block: string | undefined;
  return file.text.split("\n").flatMap((line, index) => {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) return [];
    const location = file.locateLine(index + 1);
    const [, keyword, rest = ""] = /^([A-Za-z][A-Za-z0-9]*)(?:\s*=\s*|\s+|$)(.*)$/.exec(text) ?? [];
    if (keyword === undefined) throw new InputError("a line is a keyword and its arguments", location);
    const parameters = parametersOf(rest);
    if (parameters === undefined) throw new InputError("a quote is not closed on this line", location);
    const directive = { keyword: keyword.toLowerCase(), parameters, location };
    if (directive.keyword === "host" || directive.keyword === "match") {
      const isEverybody = parameters.length === 1 && /^(?:all|\*)$/i.test(parameters[0]!);
      block = isEverybody ? undefined : text;
      return [];
    }
    return [{ ...directive, block }];
  });
}

/** A comment may stand at the end of a line since OpenSSH 8.5. */
function parametersOf(text: string): readonly string[] | undefined {
  const parameters: string[] = [];
  for (const [piece] of text.matchAll(/"[^"]*"?|'[^']*'?|\S+/g)) {
    if (piece.startsWith("#")) break;
    const quote = piece[0] === '"' || piece[0] === "'" ? piece[0] : undefined;
    if (quote !== undefined && (piece.length < 2 || !piece.endsWith(quote))) return undefined;
    parameters.push(quote === undefined ? piece : piece.slice(1, -1));
  }
  return parameters;
}
