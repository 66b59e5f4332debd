/** What the documents say that can be looked up: links, the tests that the security guide names, and the table of limits. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Link {
  readonly text: string;
  readonly target: string;
  readonly line: number;
}

describe("a link in a document", () => {
  it.each(documents())("leads to what is there: %s", (document) => {
    expect(brokenLinks(document, read(document))).toEqual([]);
  });

  it("is found broken when its file or its heading is not there", () => {
    const text =
      "[a](nowhere.md) [b](#nothing) [c](docs/limits.md#nothing)\n\n```\n[d](not-a-link.md)\n```\n\n[e](#one-two)\n\n## One, two";
    expect(brokenLinks("README.md", text)).toEqual(["1: nowhere.md", "1: #nothing", "1: docs/limits.md#nothing"]);
  });
});

describe("the security guide", () => {
  const named = links(read("docs/security.md")).filter(({ target }) => target.endsWith(".test.ts"));

  it("names at least one test for each of its boundaries", () => {
    const rows = read("docs/security.md")
      .split("### ")
      .slice(1)
      .flatMap((section) =>
        section.split("\n").filter((line) => /^\| [a-z]/.test(line) && !line.includes("somebody might")),
      );
    expect(rows.filter((row) => !row.includes(".test.ts)"))).toEqual([]);
    expect(rows.length).toBeGreaterThan(40);
  });

  it.each(named)("names a test that is there: $text", ({ text, target }) => {
    expect(read(join("docs", target))).toContain(text);
  });
});

describe("the guide to operations", () => {
  it("says what to do about every alert", () => {
    const alerts = [...read("deploy/prometheus/alerts.yml").matchAll(/^ *- alert: (\w+)$/gm)].map(([, name]) => name!);
    const guide = read("docs/operations.md");
    expect(alerts.length).toBeGreaterThan(30);
    expect(alerts.filter((name) => !new RegExp(`\\b${name}\\b`).test(guide))).toEqual([]);
  });
});

describe("the table of limits", () => {
  const settings = configurationDefaults();
  const rows = tableRows(read("docs/limits.md")).filter(([, limit, where]) => limit && where);

  it.each(rows)("has the limit that counts: %s, %s", (_, limit, where) => {
    const [link] = links(where);
    const setting = /^`(.+)`$/.exec(where)?.[1];
    const real = link ? constant(join("docs", link.target), link.text) : settings.get(setting ?? "");
    expect({ where, limit: quantity(limit) }).toEqual({ where, limit: quantity(real ?? "not there") });
  });

  it("has every limit of the configuration", () => {
    const limits = [...settings.keys()].filter((key) => /^[a-z]+\.limits\.|^manager\.rateLimits\./.test(key));
    const text = read("docs/limits.md");
    expect(limits.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
  });
});

function documents(): string[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && file.name.endsWith(".md"))
      .map((file) => relative(root, join(file.parentPath, file.name)));
  const packages = readdirSync(join(root, "packages")).map((name) => join("packages", name, "README.md"));
  const atRoot = readdirSync(root).filter((name) => name.endsWith(".md"));
  return [...atRoot, ...inFolder("docs"), ...packages.filter((path) => existsSync(join(root, path)))];
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Markdown's inline links and images, but for those in code. */
function links(text: string): Link[] {
  const withoutCode = text
    .replace(/^( *)```[\s\S]*?^\1```/gm, (block) => block.replace(/[^\n]/g, " "))
    .replace(/`[^`\n]*`/g, (code) => "`".repeat(code.length));
  return [...withoutCode.matchAll(/\[([^[\]]*)\]\(([^()\s]+)\)/g)].map(({ 1: label, 2: target, index }) => {
    const start = index + 1;
    return {
      text: text.slice(start, start + label!.length),
      target: target!,
      line: text.slice(0, index).split("\n").length,
    };
  });
}

/** `LINE: TARGET` of each link to a file or heading of the repository that is not there. Other sites are not asked. */
function brokenLinks(document: string, text: string): string[] {
  return links(text)
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .filter(({ target }) => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? document : join(dirname(document), decodeURIComponent(path));
      if (!existsSync(join(root, file))) return true;
      if (!anchor || !file.endsWith(".md")) return anchor !== undefined && statSync(join(root, file)).isDirectory();
      return !headings(path === "" ? text : read(file)).includes(anchor);
    })
    .map(({ target, line }) => `${line}: ${target}`);
}

/** The anchors that headings get: lower case, spaces to hyphens, what is neither a letter, a digit nor a hyphen left out. */
function headings(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The first three cells of each row of the tables with four columns, heads left out. */
function tableRows(text: string): [string, string, string][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| ") && line.split("|").length === 6)
    .map(
      (line) =>
        line
          .split("|")
          .slice(1, 4)
          .map((cell) => cell.trim()) as [string, string, string],
    )
    .filter(([what, limit]) => what !== "what" && !limit.startsWith("---"));
}

/** Defaults by key, as the reference of the configuration has them, which another test compares with the program. */
function configurationDefaults(): ReadonlyMap<string, string> {
  const rows = [...read("docs/reference/configuration.md").matchAll(/^\| `([^`]+)` \|[^|]+\| `([^`]*)` \|/gm)];
  return new Map(rows.map(([, key, value]) => [key!, value!]));
}

/** What a source file sets a name to: a number, or a product of numbers. Its unit is the end of its name. */
function constant(file: string, name: string): string | undefined {
  const [, product] = new RegExp(`\\b${name}(?: =|:) ([\\d_]+(?: \\* [\\d_]+)*)[;, ]`).exec(read(file)) ?? [];
  if (product === undefined) return undefined;
  const value = product.split(" * ").reduce((total, factor) => total * Number(factor.replaceAll("_", "")), 1);
  return name.endsWith("Ms") ? `${value} ms` : String(value);
}

/** `1 MiB` in bytes, `5 min` in milliseconds, `10,000` as it is. */
function quantity(text: string): number | string {
  const units = {
    "": 1,
    KiB: 1_024,
    MiB: 1_048_576,
    ms: 1,
    s: 1_000,
    m: 60_000,
    min: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  };
  const [, digits, unit] = /^([\d,]+) ?([A-Za-z]*)$/.exec(text) ?? [];
  const factor = units[(unit ?? "-") as keyof typeof units];
  return digits && factor ? Number(digits.replaceAll(",", "")) * factor : text;
}
