/** What the pages of docs/replacing name is there: settings, rules, commands with their options, and the pages that they lead to. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rules as everyRule, rulesReference } from "@espalier/check";
import { configurationReference } from "@espalier/service";
import { sections } from "espalier/configuration";
import { commandReference } from "espalier/reference";
import { describe, expect, it } from "vitest";

const docs = new URL("../../../docs/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, docs), "utf8");
// What docs/reference has, from the program itself.
const settings = configurationReference(sections);
const rules = rulesReference(everyRule);
const commands = commandReference();

/** Names of the systems before, which mean nothing here, or stand for others. */
const foreign = new Set([
  ...["FLASK_ENV", "FLASK_SECRET_KEY", "NODE_TLS_REJECT_UNAUTHORIZED", "NET_BIND_SERVICE", "NAME_FILE"],
  ...["START", "STOP", "RESTART", "DELETE", "ALLOW_START", "POST", "CONTAINERS"],
]);

describe.each(readdirSync(new URL("replacing", docs)))("docs/replacing/%s", (name) => {
  const text = read(`replacing/${name}`);

  it("names variables that there are", () => {
    const named = [...text.matchAll(/(?:`|^)([A-Z][A-Z0-9_]{3,})(?=[`=])/gm)].map(([, variable = ""]) => variable);
    expect(named.filter((each) => !foreign.has(each) && !settings.includes(`\`${each}\``))).toEqual([]);
  });

  it("names rules that there are", () => {
    const named = text.match(/\b[A-Z]{3}\d{3}\b/g) ?? [];
    expect(named.filter((rule) => !rules.includes(`\n## ${rule}\n`))).toEqual([]);
  });

  it("has commands with options that there are", () => {
    const typed = [...text.matchAll(/^```\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) => block.split("\n"));
    const own = typed.filter((line) => line.startsWith("espalier "));
    const unknown = own.flatMap((line) => {
      const words = line.split(/\s+/);
      const help = helpOf(words);
      const options = words.filter((word) => /^--?[a-z]/.test(word));
      return options
        .filter((option) => !help.includes(` ${option} `) && !help.includes(` ${option},`))
        .map((option) => [line, option]);
    });
    expect(unknown).toEqual([]);
  });

  it("leads to pages and folders that there are", () => {
    const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) => link);
    const folders = [...text.matchAll(/`(deploy\/[a-z/]+)`/g)].map(([, folder = ""]) => `../../${folder}`);
    const at = new URL(`replacing/${name}`, docs);
    expect([...links, ...folders].filter((path) => !existsSync(fileURLToPath(new URL(path, at))))).toEqual([]);
  });
});

/** The help of the longest command that the words begin with. @throws Error where there is none */
function helpOf(words: readonly string[]): string {
  for (let count = words.length; count > 1; count -= 1) {
    const [, below] = commands.split(`\n## ${words.slice(0, count).join(" ")}\n`);
    if (below !== undefined) return below.split("\n## ")[0] ?? "";
  }
  throw new Error(`There is no command ${words.join(" ")}`);
}
