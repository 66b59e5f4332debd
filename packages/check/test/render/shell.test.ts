// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
/** Any text in scripts: `sh` prints the value back out of quotes, here-documents and bare words. */
import { requirePrograms, succeed } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it } from "vitest";
import { anyValue, rendered, renderedText } from "./rendering.ts";

const value = anyValue([
  ...[
    "'",
    '"',
    "\\",
    "$",
    "`",
    "\n",
    "\t",
    " ",
    "#",
    "!",
    "*",
    "?",
    "[a]",
    "~",
    "=",
    "&",
    "|",
    ";",
    "<",
    ">",
    "(",
    ")",
    "{",
    "}",
  ],
  ...["$(id)", "${HOME}", "`id`", "\\\n", "''", "-n", "%s", "EO", "é", "😀", "\u0007", "\\'", "$'", "\r"],
]);

const samples = fc.sample(value, { numRuns: 400, seed: 20260115 });

const describe = requirePrograms({ sh: "dash", bash: "bash" });

describe.each(["sh", "bash"])("%s prints any value back", (shell) => {
  /** One script of all values, each ended by a byte that no value has. */
  const printed = async (template: string, texts: readonly string[]) => {
    const script = texts.map((text) => `${renderedText("run.sh", template, { VALUE: text })}printf '\\001'\n`).join("");
    return (await succeed(shell, ["-s"], { input: script })).split("\u0001").slice(0, -1);
  };
  const texts = samples.filter((text) => !text.includes("\u0001"));
  it.each([
    ["bare", "printf %s {{VALUE}}\n"],
    ["within a bare word", "printf %s --key={{VALUE}}-z\n", (text: string) => `--key=${text}-z`],
    ["in single quotes", "printf %s '{{VALUE}}'\n"],
    ["within single quotes", "printf %s 'a {{VALUE}} z'\n", (text: string) => `a ${text} z`],
    ["in double quotes", 'printf %s "{{VALUE}}"\n'],
    ["within double quotes, beside an expansion", 'x=1; printf %s "${x}{{VALUE}}$x"\n', (text: string) => `1${text}1`],
    ["in an assignment", 'v={{VALUE}}\nprintf %s "$v"\n'],
    ["in a substitution within double quotes", 'printf %s "$(printf %sx {{VALUE}})"\n', (text: string) => `${text}x`],
    ["in double quotes within a substitution", 'printf %s "$(printf %sx "{{VALUE}}")"\n', (text: string) => `${text}x`],
    ["in a function in a group", 'f() { ( printf %s "{{VALUE}}" ); }\nf\n'],
    [
      "behind comments and quotes of other lines",
      "# it's\nprintf %s 'a\"b' >/dev/null # don't\nprintf %s '{{VALUE}}'\n",
    ],
  ] as const)("%s", async (_, template, expected = (text: string) => text) => {
    expect(await printed(template, texts)).toEqual(texts.map(expected));
  });
  it.each([
    ["in a here-document", "cat <<EOF\n{{VALUE}}\nEOF\n", (text: string) => `${text}\n`],
    ["in a quoted here-document", "cat <<'EOF'\na {{VALUE}} z\nEOF\n", (text: string) => `a ${text} z\n`],
    [
      "in a here-document of which tabs are taken off",
      "cat <<-EOF\n\ta{{VALUE}}\n\tEOF\n",
      (text: string) => `a${text}\n`,
    ],
  ])("%s, or it is refused", async (_, template, expected) => {
    const kept = texts.filter((text) => rendered("run.sh", template, { VALUE: text }).problems.length === 0);
    expect(kept.length).toBeGreaterThan(texts.length * 0.8);
    expect(await printed(template, kept)).toEqual(kept.map(expected));
  });
});

describe("scripts refuse what would be read twice", () => {
  it("in backquotes, in parameter expansions and behind a backslash", () => {
    const template = "a=`echo {{A}}`\nb=${X:-{{B}}}\nc=\\{{C}}\nd=$'{{D}}'\n# {{E}}\ncat <<EOF\n$(echo {{F}})\nEOF\n";
    const values = { A: "a b", B: "}", C: "'", D: "\\", E: "a\nb", F: "a b" };
    expect(rendered("run.sh", template, values).problems).toEqual([
      "run.sh:1:9: {{A}} stands within backquotes, braces behind a dollar sign, or $'…'; put it into a variable of its own first: name='{{A}}'",
      "run.sh:2:8: {{B}} stands within backquotes, braces behind a dollar sign, or $'…'; put it into a variable of its own first: name='{{B}}'",
      "run.sh:3:4: {{C}} stands within backquotes, braces behind a dollar sign, or $'…'; put it into a variable of its own first: name='{{C}}'",
      "run.sh:4:5: {{D}} stands within backquotes, braces behind a dollar sign, or $'…'; put it into a variable of its own first: name='{{D}}'",
      "run.sh:5:3: {{E}} has a line break, and stands in a comment of the script",
      "run.sh:7:8: {{F}} stands within backquotes, braces behind a dollar sign, or $'…'; put it into a variable of its own first: name='{{F}}'",
    ]);
    const harmless = { A: "a", B: "b", C: "c", D: "d", E: "e", F: "f" };
    expect(renderedText("run.sh", template, harmless)).toBe(
      "a=`echo a`\nb=${X:-b}\nc=\\c\nd=$'d'\n# e\ncat <<EOF\n$(echo f)\nEOF\n",
    );
  });
  it("what would become part of an expansion", () => {
    const problem = (place: string) =>
      `run.sh:1:${place}: {{V}} would become part of what the dollar sign before it stands for; put braces around that name, or quotes between`;
    expect(rendered("run.sh", 'echo "$x{{V}}"\n', { V: "abc" }).problems).toEqual([problem("9")]);
    expect(rendered("run.sh", 'echo "${{V}}"\n', { V: "(id)" }).problems).toEqual([problem("8")]);
    expect(renderedText("run.sh", 'echo "$x{{V}}"\n', { V: "-a" })).toBe('echo "$x-a"\n');
    expect(renderedText("run.sh", 'echo "\\${{V}}"\n', { V: "(id)" })).toBe('echo "\\$(id)"\n');
  });
  it("a line that would end the here-document", () => {
    expect(rendered("run.sh", "cat <<EOF\n{{V}}\nEOF\n", { V: "a\nEOF\nrm -rf x" }).problems).toEqual([
      "run.sh:2:1: {{V}} has a line that the here-document EOF would end or change at",
    ]);
  });
  it("knows a script by its first line, and the language of a line by its placeholder", () => {
    expect(renderedText("bin/run.template", "#!/bin/sh\nx={{V}}\n", { V: "a b" })).toBe("#!/bin/sh\nx='a b'\n");
    expect(renderedText("a.yml", "run: |\n  export X={{V|shell}}\n", { V: "it's $x" })).toBe(
      "run: |\n  export X='it'\\''s $x'\n",
    );
    expect(renderedText("run.sh", "psql <<'EOF'\nALTER ROLE x PASSWORD '{{V|postgres}}';\nEOF\n", { V: "it's" })).toBe(
      "psql <<'EOF'\nALTER ROLE x PASSWORD 'it''s';\nEOF\n",
    );
  });
});
