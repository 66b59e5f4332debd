import { expect, test } from "vitest";
import { web002 } from "../../../src/rules/web/web002-plain-http.ts";
import { type Files, findingsOf } from "../../project.ts";

function found(files: Files) {
  return findingsOf(web002, files).map(({ subject, message, location }) => [subject, message, location?.line]);
}

function app(...labels: readonly string[]): string {
  return `  app:\n    image: a/b:1\n    labels:\n${labels.map((label) => `      - "traefik.${label}"\n`).join("")}`;
}

function traefik(...parameters: readonly string[]): string {
  return `  traefik:\n    image: traefik:v3.1\n    ports: ["80:80", "443:443"]\n    command:\n${parameters.map((each) => `      - --${each}\n`).join("")}`;
}

const rule = "http.routers.app.rule=Host(`app.example.com`)";
const onWeb = "http.routers.app.entrypoints=web";
const entryPoints = ["entrypoints.web.address=:80", "entrypoints.websecure.address=:443"];
const plain = "router app of app answers on entry point web without TLS, and nothing redirects there";

test("the whole finding of a router on port 80 without TLS", () => {
  const text = `services:\n${app(rule, onWeb)}${traefik(...entryPoints)}`;
  const start = text.indexOf('"traefik.http.routers.app.rule');
  expect(findingsOf(web002, { "compose.yaml": text })).toEqual([
    {
      rule: "WEB002",
      title: "service answers over plain HTTP",
      severity: "high",
      subject: "app",
      message: plain,
      location: { file: "compose.yaml", line: 5, column: 9, start, end: start + rule.length + '"traefik."'.length },
      path: "traefik.http.routers.app",
      fix: `labels:
  - "traefik.http.routers.app.entrypoints=websecure"
  - "traefik.http.routers.app.tls.certresolver=letsencrypt"
and once, for all that still come by port 80, in Traefik's own service:
command:
  - --entrypoints.web.http.redirections.entrypoint.to=websecure
  - --entrypoints.web.http.redirections.entrypoint.scheme=https`,
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("a router of TLS, an entry point that redirects or has TLS, and a middleware that redirects are well", () => {
  const compose = (...parts: readonly string[]) => ({ "compose.yaml": `services:\n${parts.join("")}` });
  const redirected = [
    ...["http.middlewares.up.redirectscheme.scheme=https", "http.routers.app-http.rule=Host(`app.example.com`)"],
    ...["http.routers.app-http.entrypoints=web", "http.routers.app-http.middlewares=up"],
  ];
  const projects = [
    compose(app(rule, onWeb, "http.routers.app.tls.certresolver=le"), traefik(...entryPoints)),
    compose(app(rule, onWeb), traefik(...entryPoints, "entrypoints.web.http.redirections.entrypoint.to=websecure")),
    compose(
      app(rule, "http.routers.app.entrypoints=websecure"),
      traefik(...entryPoints, "entrypoints.websecure.http.tls=true"),
    ),
    compose(
      app(rule, "http.routers.app.entrypoints=websecure", "http.routers.app.tls=true", ...redirected),
      traefik(...entryPoints),
    ),
    compose(app("http.routers.app.rule=Host(`app.localhost`)", onWeb), traefik(...entryPoints)),
    compose(app("enable=false", rule, onWeb), traefik(...entryPoints)),
    compose(app(rule, onWeb), traefik("entrypoints.web.address=127.0.0.1:80")),
  ];
  expect(projects.map(found)).toEqual(projects.map(() => []));
});

test("a router on port 443 that has no TLS is found, where the entry point has none either", () => {
  const files = {
    "compose.yaml": `services:\n${app(rule, "http.routers.app.entrypoints=websecure")}${traefik(...entryPoints)}`,
  };
  expect(found(files).map(([, message]) => message)).toEqual([
    "router app of app answers on entry point websecure without TLS, and nothing redirects there",
  ]);
});

test("where Traefik's own configuration is elsewhere, only a host without any router of TLS is told", () => {
  const secure = ["http.routers.s.rule=Host(`app.example.com`)", "http.routers.s.tls=true"];
  expect([
    found({ "compose.yaml": `services:\n${app(rule, onWeb)}` }).map(([, message]) => message),
    found({ "compose.yaml": `services:\n${app(rule, onWeb, ...secure)}` }),
    found({ "compose.yaml": `services:\n${app(rule, "http.routers.app.entrypoints=websecure")}` }),
  ]).toEqual([[plain], [], []]);
});

test("files of Traefik are read with its labels: routers in one, entry points in the other", () => {
  const files = (redirect: string) => ({
    "traefik.yml": `entryPoints:\n  web:\n    address: ":80"\n${redirect}`,
    "dynamic.yml":
      "http:\n  routers:\n    wiki:\n      rule: Host(`wiki.example.com`)\n      entryPoints: [web]\n      service: wiki\n",
  });
  const redirect = "    http:\n      redirections:\n        entryPoint:\n          to: websecure\n";
  expect([found(files("")), found(files(redirect))]).toEqual([
    [
      [
        "dynamic.yml",
        "router wiki of dynamic.yml answers on entry point web without TLS, and nothing redirects there",
        4,
      ],
    ],
    [],
  ]);
});

const tlsServer = "server {\n  listen 443 ssl;\n  server_name a.example;\n  root /var/www;\n}\n";

test("a server of nginx on port 80 that does not redirect is found, with what to write", () => {
  const text = "server {\n  listen 80;\n  server_name a.example;\n  location / { proxy_pass http://app; }\n}\n";
  const [finding] = findingsOf(web002, { "nginx.conf": tlsServer + text });
  expect([finding?.message, finding?.location?.line, finding?.path, finding?.fix]).toEqual([
    "server a.example answers on port 80 without TLS, and does not redirect",
    6,
    "server[a.example]",
    "server {\n    listen 80;\n    server_name a.example;\n    return 301 https://$host$request_uri;\n}",
  ]);
});

test("redirects, loopback, refusals, and what an ACME authority asks for are well", () => {
  const server = (lines: string) => ({ "nginx.conf": `${tlsServer}server {\n${lines}}\n` });
  const acme = "  location /.well-known/acme-challenge/ { root /var/www; }\n";
  const projects = [
    server("  listen 80;\n  return 301 https://$host$request_uri;\n"),
    server(`  listen 80;\n${acme}  location / { return 308 https://$host$request_uri; }\n`),
    server("  listen 80;\n  rewrite ^ https://$host$request_uri permanent;\n"),
    server("  listen 80 default_server;\n  return 444;\n"),
    server("  listen 127.0.0.1:80;\n  root /var/www;\n"),
    server("  listen unix:/run/n.sock;\n  root /var/www;\n"),
  ];
  expect(projects.map(found)).toEqual(projects.map(() => []));
});

test("nginx in a container is told of only where its port is published", () => {
  const nginx = "server {\n  listen 80;\n  root /usr/share/nginx/html;\n}\n";
  const compose = (ports: string) =>
    `services:\n  web:\n    image: nginx:1.27\n    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"]\n    ports: [${ports}]\n`;
  const counts = ["", '"80:80"', '"127.0.0.1:80:80"'].map(
    (ports) => found({ "nginx.conf": nginx, "compose.yaml": compose(ports) }).length,
  );
  expect(counts).toEqual([0, 1, 0]);
});

test("Caddy redirects by itself, unless a site is written with http:// or as a port alone", () => {
  const caddy = (text: string) => found({ Caddyfile: text }).map(([, message]) => message);
  expect([
    caddy("a.example {\n  respond ok\n}\n"),
    caddy("http://a.example {\n  reverse_proxy app:1\n}\n"),
    caddy(":8080 {\n  respond ok\n}\n"),
    caddy("http://localhost {\n  respond ok\n}\n"),
    caddy("http://a.example {\n  redir https://{host}{uri}\n}\n"),
    caddy("{\n  auto_https off\n}\na.example {\n  respond ok\n}\n"),
  ]).toEqual([
    [],
    ["site http://a.example answers over plain HTTP"],
    ["site :8080 answers over plain HTTP"],
    [],
    [],
    ["site a.example answers over plain HTTP"],
  ]);
});
