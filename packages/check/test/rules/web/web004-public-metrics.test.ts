import { expect, test } from "vitest";
import { web004 } from "../../../src/rules/web/web004-public-metrics.ts";
import { type Files, findingsOf } from "../../project.ts";

function found(files: Files) {
  return findingsOf(web004, files).map(({ subject, message }) => [subject, message]);
}

function app(...labels: readonly string[]): string {
  return `services:\n  hooks:\n    image: a/b:1\n    labels:\n${labels.map((label) => `      - "traefik.${label}"\n`).join("")}`;
}

const rule = "http.routers.hooks.rule=Host(`hooks.example.com`)";
const port = "http.services.hooks.loadbalancer.server.port=5000";
const prometheus = 'scrape_configs:\n  - job_name: hooks\n    static_configs:\n      - targets: ["hooks:5000"]\n';

test("the whole finding of metrics on the port that a public router serves", () => {
  const text = app(rule, port);
  const start = text.indexOf('"traefik.http.routers');
  expect(findingsOf(web004, { "compose.yaml": text, "prometheus.yml": prometheus })).toEqual([
    {
      rule: "WEB004",
      title: "metrics or administration can be reached by everybody",
      severity: "high",
      subject: "hooks",
      message:
        "router hooks of hooks shows /metrics to everybody: Prometheus reads it from the port that the router serves",
      location: { file: "compose.yaml", line: 5, column: 9, start, end: start + rule.length + '"traefik."'.length },
      path: "traefik.http.routers.hooks.public",
      fix: `Let metrics answer on a port of their own, or take the path out of the router:
labels:
  - "traefik.http.routers.hooks.rule=Host(\`hooks.example.com\`) && !PathPrefix(\`/metrics\`)"`,
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("a path that the router leaves out, a port of their own, and a guard are well", () => {
  const without = rule.replace(/$/, " && !PathPrefix(`/metrics`)");
  const projects = [
    { "compose.yaml": app(without, port), "prometheus.yml": prometheus },
    { "compose.yaml": app(rule, port), "prometheus.yml": prometheus.replace("5000", "8000") },
    { "compose.yaml": app(`${rule} && PathPrefix(\`/hooks\`)`, port), "prometheus.yml": prometheus },
    { "compose.yaml": app(rule, port, "http.routers.hooks.middlewares=auth@file"), "prometheus.yml": prometheus },
    { "compose.yaml": app(rule, port) },
  ];
  expect(projects.map(found)).toEqual(projects.map(() => []));
});

test("Traefik's dashboard and a router of /admin are found without a guard, and are well with one", () => {
  const dashboard = ["http.routers.dash.rule=Host(`t.example.com`)", "http.routers.dash.service=api@internal"];
  const admin = "http.routers.admin.rule=Host(`a.example.com`) && PathPrefix(`/admin`)";
  const guard = (name: string) => [
    `http.routers.${name}.middlewares=inside`,
    "http.middlewares.inside.ipallowlist.sourcerange=10.0.0.0/8",
  ];
  expect([
    found({ "compose.yaml": app(...dashboard, admin) }),
    found({ "compose.yaml": app(...dashboard, admin, ...guard("dash"), ...guard("admin")) }),
  ]).toEqual([
    [
      ["hooks", "router dash of hooks shows Traefik's dashboard to everybody"],
      ["hooks", "router admin of hooks shows /admin to everybody"],
    ],
    [],
  ]);
});

test("api.insecure is found where its port is published", () => {
  const compose = (ports: string) => ({
    "compose.yaml": `services:\n  traefik:\n    image: traefik:v3.1\n    command: ["--api.insecure=true"]\n    ports: [${ports}]\n`,
  });
  expect([found(compose('"8080:8080"')), found(compose('"127.0.0.1:8080:8080"')), found(compose('"443:443"'))]).toEqual(
    [[["traefik", "traefik shows Traefik's dashboard on port 8080 to everybody"]], [], []],
  );
});

test("nginx: metrics, status pages and administration without a guard", () => {
  const server = (location: string, more = "") => ({
    "nginx.conf": `server {\n  listen 443 ssl;\n  server_name a.example;\n  ${more}\n  location ${location}\n}\n`,
  });
  expect([
    found(server("/metrics { proxy_pass http://app:9400; }")),
    found(server("= /status { stub_status; }")),
    found(server("~ ^/admin { proxy_pass http://app; }")),
    found(server("/metrics { allow 10.0.0.0/8; deny all; proxy_pass http://app:9400; }")),
    found(server("/metrics { return 404; }")),
    found(server("/admin { proxy_pass http://app; }", "auth_basic inside;")),
    found(server("/admin { auth_basic off; proxy_pass http://app; }", "auth_basic inside;")),
    found(server("/administration-manual { root /var/www; }")),
  ]).toEqual([
    [["nginx.conf", "a.example (nginx.conf) shows /metrics to everybody"]],
    [["nginx.conf", "a.example (nginx.conf) shows /status to everybody"]],
    [["nginx.conf", "a.example (nginx.conf) shows /admin to everybody"]],
    [],
    [],
    [],
    [["nginx.conf", "a.example (nginx.conf) shows /admin to everybody"]],
    [],
  ]);
});

test("nginx that passes everything on to a port that Prometheus scrapes", () => {
  const nginx = (more: string) => ({
    "nginx.conf": `server {\n  listen 443 ssl;\n  server_name a.example;\n  location / { proxy_pass http://hooks:5000; }\n  ${more}\n}\n`,
    "prometheus.yml": prometheus,
  });
  expect([found(nginx("")), found(nginx("location /metrics { return 404; }"))]).toEqual([
    [
      [
        "nginx.conf",
        "a.example (nginx.conf) shows /metrics of hooks to everybody: Prometheus reads it from the port that this server passes on",
      ],
    ],
    [],
  ]);
});

test("Caddy: the handler of metrics, and an admin endpoint that others reach", () => {
  const caddy = (text: string) => found({ Caddyfile: text });
  expect([
    caddy("a.example {\n  metrics /metrics\n}\n"),
    caddy("a.example {\n  handle /metrics* {\n    reverse_proxy app:9400\n  }\n}\n"),
    caddy("a.example {\n  handle /metrics* {\n    respond 404\n  }\n}\n"),
    caddy("a.example {\n  @inside remote_ip private_ranges\n  handle @inside {\n    metrics\n  }\n}\n"),
    caddy("localhost:9180 {\n  metrics\n}\n"),
    caddy("{\n  admin 0.0.0.0:2019\n}\n"),
    caddy("{\n  admin localhost:2019\n}\n"),
    caddy("{\n  admin off\n}\n"),
  ]).toEqual([
    [["Caddyfile", "a.example (Caddyfile) shows /metrics to everybody"]],
    [["Caddyfile", "a.example (Caddyfile) shows /metrics to everybody"]],
    [],
    [],
    [],
    [["Caddyfile", "Caddyfile lets everybody who reaches 0.0.0.0:2019 change Caddy's configuration"]],
    [],
    [],
  ]);
});
