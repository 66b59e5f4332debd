// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is tested is written so.
/** Any text as a value, in every place of every language: the real parser of the language gives it back. */
import { parseDn, parseLdif, readLdif } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { hasPlaceholder } from "../../src/render/placeholder.ts";
import { anyValue, rendered, renderedText } from "./rendering.ts";

const value = anyValue([
  ...[
    "'",
    '"',
    "\\",
    "\n",
    "\r\n",
    "\t",
    " ",
    "$",
    "`",
    "#",
    ":",
    ": ",
    " #",
    "<",
    "{",
    "}",
    "[",
    ",",
    "&",
    "*",
    "!",
    "|",
    ">",
  ],
  ...[
    "%",
    "@",
    "-",
    "--",
    "/*",
    "*/",
    ";",
    "=",
    "?",
    "~",
    "null",
    "true",
    "no",
    "1e5",
    "0x10",
    "010",
    "1.10",
    "12:30",
    "2024-01-01",
  ],
  ...[
    "é",
    "😀",
    "\u0085",
    "\u2028",
    "\u00a0",
    "\ufeff",
    "\u0007",
    "\u007f",
    "EOF",
    "\nEOF\n",
    "$$",
    "${A}",
    "$(id)",
    "''",
    "+",
    ".",
    "..",
  ],
]);

const runs = { numRuns: 1000 };

/** The place gives the value back, whatever it is. */
function givesBack(
  path: string,
  template: string,
  read: (text: string) => unknown,
  expected = (text: string): unknown => text,
) {
  fc.assert(
    fc.property(value, (text) => {
      const written = renderedText(path, template, { VALUE: text });
      expect(hasPlaceholder(written)).toBe(false);
      expect(read(written)).toEqual(expected(text));
    }),
    runs,
  );
}

/** The place gives the value back, or the value is refused with the line and column; never another value. */
function givesBackOrRefuses(
  path: string,
  template: string,
  read: (text: string) => unknown,
  expected = (text: string): unknown => text,
) {
  let kept = 0;
  fc.assert(
    fc.property(value, (text) => {
      const { text: written, problems } = rendered(path, template, { VALUE: text });
      if (problems.length > 0) {
        expect(problems[0]).toMatch(/^[^:]+:\d+:\d+: \{\{VALUE\}\} /);
        return;
      }
      kept += 1;
      expect(read(written)).toEqual(expected(text));
    }),
    runs,
  );
  expect(kept).toBeGreaterThan(20);
}

describe("YAML gives back any value", () => {
  const member = (text: string) => String((parse(text) as { key: unknown }).key);
  it.each([
    ["plain", "key: {{VALUE}}\nother: 1\n"],
    ["in double quotes", 'key: "{{VALUE}}"\nother: 1\n'],
    ["in single quotes", "key: '{{VALUE}}'\n"],
    ["in a flow map", "{ key: {{VALUE}}, other: [1, 2] }\n"],
    ["in a literal block", "key: |-\n  {{VALUE}}\nother: 1\n"],
    ["in a folded block", "key: >-\n  {{VALUE}}\nother: 1\n"],
    ["in a block with a stated indent", "key: |2-\n  {{VALUE}}\nother: 1\n"],
    ["before a comment", "key: {{VALUE}} # why\n"],
    ["in a document of several", "a: 1\n---\nkey: {{VALUE}}\n"],
  ])("%s", (_, template) => {
    givesBack("file.yml", template, (text) => {
      const documents = parseAllDocuments(text) as unknown as readonly { toJS(): { key?: unknown } }[];
      return String(documents.map((document) => document.toJS()).find(({ key }) => key !== undefined)?.key);
    });
  });

  it("within a longer scalar, of any style", () => {
    for (const template of [
      "key: a {{VALUE}} z\n",
      'key: "a {{VALUE}} z"\n',
      "key: 'a {{VALUE}} z'\n",
      "key: |\n  a {{VALUE}} z\n",
    ]) {
      givesBack("file.yaml", template, member, (text) => `a ${text} z${template.includes("|") ? "\n" : ""}`);
    }
  });

  it("twice, on lines of one literal block, with their own indentation", () => {
    givesBack(
      "file.yaml",
      "key: |-\n  a\n    {{VALUE}}\n  b {{VALUE}}\nnext: x\n",
      member,
      (text) => `a\n  ${text}\nb ${text}`,
    );
  });

  it("as a list item and as a key of up to 200 characters", () => {
    givesBack("file.yml", "- a\n- {{VALUE}}\n", (text) => String((parse(text) as unknown[])[1]));
    givesBack("file.yml", "{{VALUE}}: 1\n", (text) => Object.keys(parse(text) as object)[0]);
  });

  it("keeps numbers and booleans that are written plain, and makes text of what readers disagree about", () => {
    const written = (text: string) => renderedText("a.yml", "x: {{V}}\n", { V: text });
    expect(["8080", "-1", "0.5", "true", "false"].map(written)).toEqual(
      ["8080", "-1", "0.5", "true", "false"].map((v) => `x: ${v}\n`),
    );
    const texts = [
      "yes",
      "No",
      "null",
      "~",
      "1e5",
      "010",
      "0x1F",
      "1.10",
      "1_000",
      "12:30:45",
      "2024-01-01",
      ".5",
      ".inf",
    ];
    expect(texts.map(written)).toEqual(texts.map((v) => `x: "${v}"\n`));
    expect(renderedText("a.yml", 'x: "{{V}}"\n', { V: "8080" })).toBe('x: "8080"\n');
  });

  it("says where a placeholder's place cannot be known", () => {
    expect(rendered("a.yml", "a: [\n{{V}}: }\n", { V: "x" }).problems).toEqual([
      "a.yml:2:1: {{V}} stands in what is not YAML, so its place is not known; say it, as in {{V|yaml}} or {{V|raw}}",
    ]);
    expect(rendered("a.yml", "a: 1\n# {{V}}\n", { V: "x\ny: 2" }).problems).toEqual([
      "a.yml:2:3: {{V}} cannot be written into a comment, an anchor or a tag of YAML as it is; write it elsewhere",
    ]);
  });
});

describe("JSON gives back any value", () => {
  const member = (text: string) => String((JSON.parse(text) as { key: unknown }).key);
  it.each([
    ["in a string", '{\n\t"key": "{{VALUE}}"\n}\n', (text: string) => text],
    ["within a longer string", '{"key": "a\\"{{VALUE}} z"}', (text: string) => `a"${text} z`],
    ["bare", '{"key": {{VALUE}}, "x": [1]}', (text: string) => text],
  ])("%s", (_, template, expected) => {
    givesBack("file.json", template, member, expected);
  });
  it("leaves a number that is written bare a number", () => {
    expect(renderedText("a.json", '{"port": {{PORT}}}', { PORT: "8080" })).toBe('{"port": 8080}');
  });
});

describe("LDIF gives back any value", () => {
  const valueIn = (text: string, type: string) => {
    const [placed] = parseLdif(text);
    if (placed?.record.type !== "content") throw new Error("no entry");
    const { dn, attributes } = placed.record;
    if (type === "dn") return dn;
    return Buffer.from(attributes.find((each) => each.type === type)?.values[0] ?? []).toString();
  };
  it.each([
    ["of an attribute", "dn: cn=a\ncn: a\ndescription: {{VALUE}}\n", "description", (text: string) => text],
    ["within a longer one", "dn: cn=a\ndescription: a {{VALUE}} z\n", "description", (text: string) => `a ${text} z`],
    [
      "on a folded line",
      "dn: cn=a\ndescription: a\n b{{VALUE}}\n z\ncn: a\n",
      "description",
      (text: string) => `ab${text}z`,
    ],
    ["with an option", "dn: cn=a\ncn;lang-de: {{VALUE}}\n", "cn;lang-de", (text: string) => text],
    ["with CRLF", "dn: cn=a\r\ndescription: {{VALUE}}\r\ncn: a\r\n", "description", (text: string) => text],
  ])("%s", (_, template, type, expected) => {
    givesBack("file.ldif", template, (text) => valueIn(text, type), expected);
  });
  it.each([
    ["of the entry's name", "dn: cn={{VALUE}},ou=x,dc=example\ncn: a\n", "dn"],
    ["of a member", "dn: cn=a\nmember: cn={{VALUE}},ou=x,dc=example\n", "member"],
  ])("as the value of an RDN %s", (_, template, type) => {
    givesBack("file.ldif", template, (text) => parseDn(valueIn(text, type))[0]?.[0]?.value);
  });
  it("takes a whole DN where RDNs stand, and nothing else", () => {
    const template = "dn: ou=people,{{BASE}}\nou: people\n";
    expect(renderedText("a.ldif", template, { BASE: "dc=example,dc=com" })).toBe(
      "dn: ou=people,dc=example,dc=com\nou: people\n",
    );
    expect(rendered("a.ldif", template, { BASE: "example.com" }).problems).toEqual([
      "a.ldif:1:15: {{BASE}} stands where a DN has whole RDNs, such as dc=example,dc=com, and is none",
    ]);
  });
  it("is read from a stream as well, and writes plainly what needs no base64", async () => {
    const written = renderedText("a.ldif", "dn: cn=a\nuserPassword: {{H}}\n", { H: "{SSHA}abc=" });
    expect(written).toBe("dn: cn=a\nuserPassword: {SSHA}abc=\n");
    const records = [];
    for await (const record of readLdif([written])) records.push(record);
    expect(records).toHaveLength(1);
  });
});

describe("a URL gives back any value", () => {
  const url = (text: string) => new URL(/postgres:\S+/.exec(text)?.[0] ?? "");
  it("as a user, a password, a query's value and a fragment", () => {
    givesBack("app.conf", "db = postgres://{{VALUE}}:x@host:5432/db\n", (text) =>
      decodeURIComponent(url(text).username),
    );
    givesBack("app.conf", "db = postgres://u:{{VALUE}}@host:5432/db\n", (text) =>
      decodeURIComponent(url(text).password),
    );
    givesBack("app.conf", "db = postgres://u:x@host/db?a=1&key={{VALUE}}&z=1\n", (text) =>
      url(text).searchParams.get("key"),
    );
    givesBack("app.conf", "db = postgres://u:x@host/db#{{VALUE}}\n", (text) =>
      decodeURIComponent(url(text).hash.slice(1)),
    );
  });
  it("as a path, or refuses it", () => {
    givesBackOrRefuses("app.conf", "db = postgres://u:x@host/{{VALUE}}\n", (text) =>
      decodeURIComponent(url(text).pathname.slice(1)),
    );
  });
  it("in the quotes of other languages", () => {
    const password = (text: string) => decodeURIComponent(url(text).password);
    givesBack("app.yml", "db: postgres://u:{{VALUE}}@host/db\n", (text) =>
      password((parse(text) as { db: string }).db),
    );
    givesBack("app.json", '{"db": "postgres://u:{{VALUE}}@host/db"}', (text) =>
      password((JSON.parse(text) as { db: string }).db),
    );
    givesBack("app.yml", "db: {{VALUE|url}}\n", (text) =>
      decodeURIComponent(String((parse(text) as { db: unknown }).db)),
    );
  });
  it("keeps hosts, ports and paths as they are, and refuses a host that is none", () => {
    const template = "url: https://{{HOST}}:{{PORT}}/{{PATH}}\n";
    const values = { HOST: "auth.example.com", PORT: "8443", PATH: "a/b c" };
    expect(renderedText("a.conf", template, values)).toBe("url: https://auth.example.com:8443/a/b%20c\n");
    expect(rendered("a.conf", template, { ...values, HOST: "evil.example@host" }).problems).toEqual([
      "a.conf:1:14: {{HOST}} is not the name, address or port of a host, and stands there in a URL; write {{HOST|raw}} where that is meant",
    ]);
  });
});

describe("a file of another format", () => {
  it("takes a value as it is, and refuses one that would begin a new line", () => {
    expect(renderedText("a.conf", "x = {{V}}\n", { V: "a 'b' \"c\" #" })).toBe("x = a 'b' \"c\" #\n");
    expect(rendered("a.conf", "y\nx = {{V}}\n", { V: "a\nb" }).problems).toEqual([
      "a.conf:2:5: {{V}} has a line break, which would begin a new line of the file; write {{V|raw}} where that is meant",
    ]);
    expect(renderedText("a.conf", "x = {{V|raw}}\n", { V: "a\nb" })).toBe("x = a\nb\n");
  });
});
