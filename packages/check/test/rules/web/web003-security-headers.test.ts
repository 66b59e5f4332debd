import { expect, test } from "vitest";
import { web003 } from "../../../src/rules/web/web003-security-headers.ts";
import { type Files, type FindingsOptions, findingsOf } from "../../project.ts";

function found(files: Files, options: FindingsOptions = { profile: "production" }) {
  return findingsOf(web003, files, options).map(({ subject, message, location }) => [subject, message, location?.line]);
}

const complete = [
  'add_header Strict-Transport-Security "max-age=31536000" always;',
  "add_header X-Content-Type-Options nosniff;",
  "add_header Referrer-Policy no-referrer;",
  `add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'";`,
];

function server(...lines: readonly string[]): string {
  return `server {\n  listen 443 ssl;\n  server_name a.example;\n  root /var/www;\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

test("the whole finding of nginx without a header, with an edit that adds it", () => {
  const text = server(...complete.slice(0, 3));
  const start = text.indexOf("server_name");
  const at = { file: "nginx.conf", line: 3, column: 3, start, end: start + "server_name a.example;".length };
  expect(findingsOf(web003, { "nginx.conf": text }, { profile: "production" })).toEqual([
    {
      rule: "WEB003",
      title: "security headers are missing",
      severity: "medium",
      subject: "nginx.conf",
      message: "answers of a.example (nginx.conf) lack X-Frame-Options, lack Content-Security-Policy",
      location: { file: "nginx.conf", line: 1, column: 1, start: 0, end: 7 },
      path: "server[a.example].headers",
      fix: `add_header X-Frame-Options "DENY" always;
add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'; base-uri 'none'" always;`,
      fixability: "unsafe",
      edits: [
        {
          kind: "replace",
          at,
          text: `server_name a.example;
  add_header X-Frame-Options "DENY" always;
  add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'; base-uri 'none'" always;`,
        },
      ],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("all headers are well; more of them are asked for in the profile strict", () => {
  const files = { "nginx.conf": server(...complete) };
  expect([found(files), found(files, { profile: "strict" })]).toEqual([
    [],
    [["nginx.conf", "answers of a.example (nginx.conf) lack Permissions-Policy, lack Cross-Origin-Opener-Policy", 1]],
  ]);
});

test("Strict-Transport-Security of less than a year is found", () => {
  const files = { "nginx.conf": server(...complete.with(0, "add_header Strict-Transport-Security max-age=86400;")) };
  expect(found(files)).toEqual([
    ["nginx.conf", "answers of a.example (nginx.conf) have Strict-Transport-Security for 86400 seconds only", 1],
  ]);
});

test("a proxy that sets none leaves them to the application, but for Strict-Transport-Security", () => {
  const text = "server {\n  listen 443 ssl;\n  server_name a.example;\n  location / { proxy_pass http://app; }\n}\n";
  expect(found({ "nginx.conf": text })).toEqual([
    ["nginx.conf", "answers of a.example (nginx.conf) lack Strict-Transport-Security", 1],
  ]);
});

test("headers of http and of an included file count; a location with one of its own loses them", () => {
  const files = {
    "nginx/nginx.conf": `http {\n  include /etc/nginx/conf.d/*.conf;\n  ${complete.join("\n  ")}\n}\n`,
    "nginx/conf.d/a.conf": server(),
    "nginx/conf.d/b.conf": server(
      "include /etc/nginx/snippets/headers.conf;",
      "location /x { add_header X-Robots-Tag none; }",
    ).replace("a.example", "b.example"),
    "nginx/snippets/headers.conf": `${complete.join("\n")}\n`,
  };
  expect(found(files)).toEqual([
    [
      "nginx/conf.d/b.conf",
      "location /x in nginx/conf.d/b.conf has an add_header of its own, so answers there lack strict-transport-security, x-content-type-options, referrer-policy, content-security-policy",
      6,
    ],
  ]);
});

const router = ["http.routers.app.rule=Host(`a.example`)", "http.routers.app.tls=true"];

function compose(...labels: readonly string[]): Files {
  return {
    "compose.yaml": `services:\n  app:\n    image: a/b:1\n    labels:\n${labels.map((label) => `      - "traefik.${label}"\n`).join("")}`,
  };
}

test("a router of Traefik without Strict-Transport-Security is found, with labels to add", () => {
  const [finding] = findingsOf(web003, compose(...router), { profile: "production" });
  const labels = [
    "traefik.http.middlewares.app-headers.headers.customresponseheaders.Strict-Transport-Security=max-age=31536000; includeSubDomains",
    "traefik.http.routers.app.middlewares=app-headers",
  ];
  expect([finding?.message, finding?.fix, finding?.edits]).toEqual([
    "answers of router app (app) lack Strict-Transport-Security",
    `labels:\n${labels.map((label) => `  - "${label}"`).join("\n")}`,
    labels.map((value) => ({ kind: "append", file: "compose.yaml", path: ["services", "app", "labels"], value })),
  ]);
});

test("a middleware with some of them is asked for all, and its router keeps its other middlewares", () => {
  const own = [
    "http.routers.app.middlewares=auth,sec",
    "http.middlewares.auth.basicauth.users=x",
    "http.middlewares.sec.headers.stsseconds=63072000",
  ];
  const [finding] = findingsOf(web003, compose(...router, ...own), { profile: "production" });
  expect([finding?.message, finding?.edits.at(-1)]).toEqual([
    "answers of router app (app) lack X-Content-Type-Options, lack X-Frame-Options, lack Referrer-Policy, lack Content-Security-Policy",
    {
      kind: "set",
      file: "compose.yaml",
      path: ["services", "app", "labels", 2],
      value: "traefik.http.routers.app.middlewares=auth,sec,app-headers",
    },
  ]);
});

test("all of them, by options or by name, are well; so is a middleware that is defined elsewhere, and no TLS", () => {
  const sec = "http.middlewares.sec.headers";
  const options = [
    ...[`${sec}.stsseconds=31536000`, `${sec}.contenttypenosniff=true`, `${sec}.framedeny=true`],
    ...[`${sec}.customresponseheaders.Referrer-Policy=same-origin`, `${sec}.contentsecuritypolicy=default-src 'self'`],
  ];
  expect([
    found(compose(...router, "http.routers.app.middlewares=sec@docker", ...options)),
    found(compose(...router, "http.routers.app.middlewares=secure@file")),
    found(compose("http.routers.app.rule=Host(`a.example`)")),
  ]).toEqual([[], [], []]);
});

test("middlewares of an entry point count for its routers", () => {
  const files = {
    ...compose("http.routers.app.rule=Host(`a.example`)", "http.routers.app.entrypoints=websecure"),
    "traefik.yml":
      'entryPoints:\n  websecure:\n    address: ":443"\n    http:\n      tls: {}\n      middlewares: ["sec@file"]\n',
    "dynamic.yml":
      "http:\n  middlewares:\n    sec:\n      headers:\n        stsSeconds: 31536000\n        contentTypeNosniff: true\n        frameDeny: true\n        referrerPolicy: no-referrer\n        contentSecurityPolicy: default-src 'self'\n",
  };
  expect(found(files)).toEqual([]);
});

test("a site of Caddy without them is found, with an edit before its first directive", () => {
  const text = "a.example {\n    header X-Frame-Options DENY\n    file_server\n}\n";
  const [finding] = findingsOf(web003, { Caddyfile: text }, { profile: "production" });
  expect([finding?.message, finding?.fix.split("\n").length, finding?.edits]).toEqual([
    "answers of a.example (Caddyfile) lack Strict-Transport-Security, lack X-Content-Type-Options, lack Referrer-Policy, lack Content-Security-Policy",
    6,
    [
      {
        kind: "replace",
        at: expect.objectContaining({ file: "Caddyfile", line: 2 }),
        text: `${finding?.fix.split("\n").join("\n    ")}\n    header X-Frame-Options DENY`,
      },
    ],
  ]);
});
