import fc from "fast-check";
import { expect, test } from "vitest";
import { type NginxDirective, nginxFormat, nginxPlaces, parseNginx } from "../../src/inputs/nginx.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";

function fileOf(text: string, path = "nginx.conf"): SourceFile {
  return new SourceFile({ path, absolutePath: `/${path}`, text });
}

const sample = `# the front
http {
  server {
    listen 443 ssl; # TLS
    server_name ldap.example.com;
    ssl_certificate /etc/nginx/certs/$ssl_server_name.pem;
    add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'" always;
    location ~ "^/users/\\d{1,9}$" { proxy_pass http://app:$app_port; }
  }
}
`;

test("directives have their parameters without quotes, their places, and logical paths", () => {
  const file = fileOf(sample);
  const places = [...nginxPlaces(parseNginx(file))].map(({ directive: { parameters, location }, path }) => [
    path,
    parameters,
    sample.slice(location.start, location.end),
  ]);
  expect(places).toEqual([
    ["http", [], "http "],
    ["http.server[ldap.example.com]", [], "server "],
    ["http.server[ldap.example.com].listen", ["443", "ssl"], "listen 443 ssl;"],
    ["http.server[ldap.example.com].server_name", ["ldap.example.com"], "server_name ldap.example.com;"],
    [
      "http.server[ldap.example.com].ssl_certificate",
      ["/etc/nginx/certs/$ssl_server_name.pem"],
      "ssl_certificate /etc/nginx/certs/$ssl_server_name.pem;",
    ],
    [
      "http.server[ldap.example.com].add_header",
      ["Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'", "always"],
      `add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'" always;`,
    ],
    [
      "http.server[ldap.example.com].location[~ ^/users/\\d{1,9}$]",
      ["~", "^/users/\\d{1,9}$"],
      'location ~ "^/users/\\d{1,9}$" ',
    ],
    [
      "http.server[ldap.example.com].location[~ ^/users/\\d{1,9}$].proxy_pass",
      ["http://app:$app_port"],
      "proxy_pass http://app:$app_port;",
    ],
  ]);
});

test.each([
  ["server { listen 80 }", "listen ends without ;", 1],
  ["server {\n  listen 80;\n", "the block server has no }", 1],
  ["server { }\n}", "this } closes nothing", 2],
  ['add_header X "y;\n', 'this " is not closed', 1],
  ["{ }", "before this { there is no directive", 1],
  ["listen 80", "listen ends without ;", 1],
])("%j is refused with its place", (text, message, line) => {
  expect(() => parseNginx(fileOf(text))).toThrow(
    expect.objectContaining({ message, location: expect.objectContaining({ line }) }),
  );
});

test("is known by its name together with directives that only nginx has", () => {
  const known = ["nginx.conf", "conf.d/default.conf", "sites-enabled/ldap", "default.conf.template"];
  const others = ["named.conf", "compose.yaml", "README.md"];
  expect([
    known.map((path) => nginxFormat.recognizes(fileOf(sample, path))),
    others.map((path) =>
      nginxFormat.recognizes(fileOf(path === "named.conf" ? 'zone "x" { type master; };' : sample, path)),
    ),
    nginxFormat.recognizes(fileOf("ssl_protocols TLSv1.2;\n", "snippets/tls.conf")),
  ]).toEqual([[true, true, true, true], [false, false, false], true]);
});

const word = fc.stringMatching(/^[a-z_][a-zA-Z0-9_/:.$=-]{0,12}$/).filter((text) => !text.includes("${"));
const parameter = fc.oneof(word, fc.string({ maxLength: 8 }));
const { tree } = fc.letrec<{ tree: Plain[] }>((tie) => ({
  tree: fc.array(
    fc.record({
      name: word.filter((name) => !name.endsWith("_by_lua_block")),
      parameters: fc.array(parameter, { maxLength: 3 }),
      block: fc.option(tie("tree"), { nil: undefined, depthSize: "small" }),
    }),
    { maxLength: 3 },
  ),
}));

interface Plain {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly block?: readonly Plain[] | undefined;
}

function write(directives: readonly Plain[]): string {
  const quoted = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  return directives
    .map(({ name, parameters, block }) => {
      const head = [name, ...parameters.map(quoted)].join(" ");
      return block === undefined ? `${head};\n` : `${head} {\n${write(block)}}\n`;
    })
    .join("");
}

function plain(directives: readonly NginxDirective[]): readonly Plain[] {
  return directives.map(({ name, parameters, block }) => ({ name, parameters, block: block && plain(block) }));
}

test("what is written as nginx reads it is read back", () => {
  fc.assert(
    fc.property(tree, (directives) => {
      expect(plain(parseNginx(fileOf(write(directives))).directives)).toEqual(directives);
    }),
  );
});

test("whatever text is read, it is a configuration or an InputError", () => {
  const text = fc
    .array(fc.constantFrom("{", "}", ";", " ", "\n", "'", '"', "\\", "#", "${", "a", "b_by_lua_block"))
    .map((all) => all.join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: "binary" })), (content) => {
      try {
        parseNginx(fileOf(content));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
