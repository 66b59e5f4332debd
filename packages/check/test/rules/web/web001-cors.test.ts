import { expect, test } from "vitest";
import { web001 } from "../../../src/rules/web/web001-cors.ts";
import { type Files, type FindingsOptions, findingsOf } from "../../project.ts";

function found(files: Files, options?: FindingsOptions) {
  return findingsOf(web001, files, options).map(({ subject, severity, message }) => [subject, severity, message]);
}

test("the whole finding of a variable with an origin of localhost", () => {
  const text = `services:
  manager:
    image: example/ldap-manager:1
    environment:
      ALLOWED_ORIGINS: https://ldap.example.com,http://localhost:3000
`;
  const start = text.indexOf("https://ldap");
  expect(findingsOf(web001, { "compose.yaml": text })).toEqual([
    {
      rule: "WEB001",
      title: "pages of strangers may use the service",
      severity: "high",
      subject: "manager",
      message: "ALLOWED_ORIGINS of manager lets pages of http://localhost:3000, of any program there, read its answers",
      location: { file: "compose.yaml", line: 5, column: 24, start, end: text.length - 1 },
      path: "services.manager.environment.ALLOWED_ORIGINS",
      fix: "List just the origins that need it, with https: https://ldap.example.com",
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("a star is high, and critical together with credentials; origins of https are well", () => {
  const environment = (text: string) => ({
    "compose.yaml": `services:\n  api:\n    image: a/b:1\n    environment:\n${text}`,
  });
  const star = "      - CORS_ORIGIN=*\n";
  expect([
    found(environment(star)),
    found(environment(`${star}      - CORS_ALLOW_CREDENTIALS=true\n`)),
    found(environment("      - CORS_ORIGIN=https://a.example, https://b.example\n")),
  ]).toEqual([
    [["api", "high", "CORS_ORIGIN of api lets pages of every site (*) read its answers"]],
    [
      [
        "api",
        "critical",
        "CORS_ORIGIN of api lets pages of every site (*) read its answers with the user's credentials",
      ],
    ],
    [],
  ]);
});

test("in a lab, localhost is nobody's concern; a star with credentials is", () => {
  const files = { "espalier.yaml": "manager:\n  keyFile: k\n  allowedOrigins: [http://localhost:5173]\n" };
  const star = { "espalier.yaml": "manager:\n  keyFile: k\n  allowedOrigins: ['*']\n" };
  expect([found(files, { profile: "lab" }), found(star, { profile: "lab" })]).toEqual([
    [],
    [
      [
        "espalier.yaml",
        "critical",
        "manager.allowedOrigins of espalier.yaml lets pages of every site (*) read its answers with the user's credentials",
      ],
    ],
  ]);
});

test("a value of .env is told once, where the service takes it", () => {
  const files = {
    ".env": "ALLOWED_ORIGINS=http://ldap.example.com\n",
    "compose.yaml": `services:\n  api:\n    image: a/b:1\n    environment:\n      ALLOWED_ORIGINS: ${"$"}{ALLOWED_ORIGINS}\n`,
  };
  const message = (subject: string) =>
    `ALLOWED_ORIGINS of ${subject} lets pages of http://ldap.example.com, which anybody on the network can change, read its answers`;
  expect(found(files)).toEqual([["api", "high", message("api")]]);
  expect(found({ ".env": files[".env"] })).toEqual([[".env", "high", message(".env")]]);
});

test("Traefik's middleware, in labels and in files", () => {
  const label = (name: string, value: string) => `      - "traefik.http.middlewares.cors.headers.${name}=${value}"\n`;
  const compose = (labels: string) => ({
    "compose.yaml": `services:\n  api:\n    image: a/b:1\n    labels:\n${labels}`,
  });
  const credentials = label("accesscontrolallowcredentials", "true");
  expect([
    found(compose(label("accessControlAllowOriginList", "*"))),
    found(compose(label("accesscontrolalloworiginlistregex", ".*") + credentials)),
    found(compose(label("accesscontrolalloworiginlist", "https://a.example") + credentials)),
    found({
      "dynamic.yml": "http:\n  middlewares:\n    cors:\n      headers:\n        accessControlAllowOriginList: ['*']\n",
    }),
  ]).toEqual([
    [["cors", "high", "middleware cors lets pages of every site (*) read its answers"]],
    [
      [
        "cors",
        "critical",
        "middleware cors lets pages of every site (it repeats the origin of the request) read its answers with the user's credentials",
      ],
    ],
    [],
    [["cors", "high", "middleware cors lets pages of every site (*) read its answers"]],
  ]);
});

test("nginx that repeats the origin is found, and not where it was compared before", () => {
  const server = (lines: string) => ({ "nginx.conf": `server {\n  listen 443 ssl;\n${lines}}\n` });
  const credentials = "add_header Access-Control-Allow-Credentials true;\n";
  const repeated = "add_header Access-Control-Allow-Origin $http_origin always;\n";
  expect([
    found(server(repeated + credentials)),
    found(server(`if ($http_origin ~ "^https://a\\.example$") {\n${repeated}${credentials}}\n`)),
    found(server(`add_header Access-Control-Allow-Origin $allowed_origin;\n${credentials}`)),
    found(server('add_header Access-Control-Allow-Origin "https://a.example";\n')),
  ]).toEqual([
    [
      [
        "nginx.conf",
        "critical",
        "Access-Control-Allow-Origin in nginx.conf lets pages of every site (it repeats the origin of the request) read its answers with the user's credentials",
      ],
    ],
    [],
    [],
    [],
  ]);
});

test("Caddy's header directive, alone and as a block", () => {
  const site = (lines: string) => ({ Caddyfile: `api.example.com {\n${lines}  reverse_proxy app:1\n}\n` });
  expect([
    found(site("  header Access-Control-Allow-Origin *\n")),
    found(
      site(
        "  header {\n    Access-Control-Allow-Origin {header.Origin}\n    Access-Control-Allow-Credentials true\n  }\n",
      ),
    ),
    found(site("  header /api/* Access-Control-Allow-Origin https://a.example\n")),
  ]).toEqual([
    [
      [
        "Caddyfile",
        "high",
        "Access-Control-Allow-Origin of api.example.com lets pages of every site (*) read its answers",
      ],
    ],
    [
      [
        "Caddyfile",
        "critical",
        "Access-Control-Allow-Origin of api.example.com lets pages of every site (it repeats the origin of the request) read its answers with the user's credentials",
      ],
    ],
    [],
  ]);
});
