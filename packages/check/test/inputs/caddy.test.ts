import fc from "fast-check";
import { expect, test } from "vitest";
import { type CaddyDirective, parseCaddyfile } from "../../src/inputs/caddy.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";

function fileOf(text: string): SourceFile {
  return new SourceFile({ path: "Caddyfile", absolutePath: "/Caddyfile", text });
}

interface Plain {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly block?: readonly Plain[] | undefined;
}

function plain(directives: readonly CaddyDirective[]): readonly Plain[] {
  return directives.map(({ name, parameters, block }) => ({
    name,
    parameters,
    ...(block === undefined ? {} : { block: plain(block) }),
  }));
}

test("options, snippets and sites are told apart, and an imported snippet stands in its place", () => {
  const text = `{
  acme_ca https://acme.example/directory # by hand
}
(secure) {
  header X-Frame-Options "DENY \\"always\\""
}
ldap.example.com, http://ldap.example.com,
www.example.com {
  import secure
  handle /api/* {
    reverse_proxy app:8000 \\
      app2:8000
  }
}
`;
  const { options, sites } = parseCaddyfile(fileOf(text));
  expect(plain(options)).toEqual([{ name: "acme_ca", parameters: ["https://acme.example/directory"] }]);
  expect(sites.map(({ addresses, location: { line }, directives }) => [addresses, line, plain(directives)])).toEqual([
    [
      ["ldap.example.com", "http://ldap.example.com", "www.example.com"],
      7,
      [
        { name: "header", parameters: ["X-Frame-Options", 'DENY "always"'] },
        {
          name: "handle",
          parameters: ["/api/*"],
          block: [{ name: "reverse_proxy", parameters: ["app:8000", "app2:8000"] }],
        },
      ],
    ],
  ]);
});

test("a file of one site may do without braces", () => {
  const { sites } = parseCaddyfile(fileOf("localhost\n\nreverse_proxy 127.0.0.1:8000\nlog\n"));
  expect(sites.map(({ addresses, directives }) => [addresses, plain(directives)])).toEqual([
    [
      ["localhost"],
      [
        { name: "reverse_proxy", parameters: ["127.0.0.1:8000"] },
        { name: "log", parameters: [] },
      ],
    ],
  ]);
});

test.each([
  ["a.example {\n  header {\n}\n", "this block has no }", 1],
  ["a.example {\n}\n}\n", "this } closes nothing", 3],
  ['a.example {\n  respond "x\n}\n', 'this " is not closed', 2],
  ["(a) {\n  import b\n}\n(b) {\n  import a\n}\nx.example {\n  import a\n}\n", "its snippets import each other", 2],
])("%j is refused with its place", (text, message, line) => {
  const error = expect.objectContaining({ message, location: expect.objectContaining({ line }) });
  expect(() => parseCaddyfile(fileOf(text))).toThrow(error);
});

const word = fc.stringMatching(/^[a-z_*@/.:-][a-z0-9_*@/.:{}-]{0,8}$/).filter((text) => text !== "import");
const parameter = fc.oneof(word, fc.string({ maxLength: 6 }));
const { tree } = fc.letrec<{ tree: Plain[] }>((tie) => ({
  tree: fc.array(
    fc
      .record({
        name: word,
        parameters: fc.array(parameter, { maxLength: 3 }),
        block: fc.option(tie("tree"), { nil: undefined, depthSize: "small" }),
      })
      .map(({ block, ...rest }) => (block === undefined ? rest : { ...rest, block })),
    { maxLength: 3 },
  ),
}));

function write(directives: readonly Plain[]): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '\\"')}"`;
  return directives
    .map(({ name, parameters, block }) => {
      const head = [name, ...parameters.map(quoted)].join(" ");
      return block === undefined ? `${head}\n` : `${head} {\n${write(block)}}\n`;
    })
    .join("");
}

test("what is written as Caddy reads it is read back", () => {
  // A backslash before the closing quote would take its meaning away, in Caddy as well.
  const readable = tree.filter((directives) => !JSON.stringify(directives).includes("\\\\"));
  fc.assert(
    fc.property(readable, (directives) => {
      const [site] = parseCaddyfile(fileOf(`a.example {\n${write(directives)}}\n`)).sites;
      expect(plain(site?.directives ?? [])).toEqual(directives);
    }),
  );
});

test("whatever text is read, it is a Caddyfile or an InputError", () => {
  const pieces = fc.constantFrom("{", "}", " ", "\n", '"', "`", "\\", "#", "a", "(s)", "import s", ",");
  const text = fc.array(pieces).map((all) => all.join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: "binary" })), (content) => {
      try {
        parseCaddyfile(fileOf(content));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
