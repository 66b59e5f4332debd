import type { Edit } from "../../engine/edit.ts";
import type { Project } from "../../engine/project.ts";
import { defineRule, type Found, type RuleContext } from "../../engine/rule.ts";
import type { ComposeService } from "../../inputs/compose/compose-project.ts";
import { traefikLabels } from "../../inputs/traefik-options.ts";
import { headersOf } from "./caddy-headers.ts";
import { inherited, isReachable, type NginxServer, nginxServers } from "./nginx-servers.ts";
import { lackingHeaders, type ResponseHeaders, recommendedHeaders } from "./security-headers.ts";
import {
  entryPointsOfRouter,
  middlewaresOfRouter,
  type TraefikModel,
  type TraefikRouter,
  traefikModel,
} from "./traefik-model.ts";

export const web003 = defineRule({
  id: "WEB003",
  title: "security headers are missing",
  severity: "medium",
  profile: "production",
  reads: ["compose", "traefik", "nginx", "caddy"],
  fix: "unsafe",
  explanation: `These headers tell a browser what pages of this service never do: be shown inside another site (X-Frame-Options, frame-ancestors), load scripts from elsewhere (Content-Security-Policy), be taken for another type than they say (X-Content-Type-Options), pass their address on (Referrer-Policy), be fetched over plain HTTP (Strict-Transport-Security, for a year at least).

A Content-Security-Policy can break pages that load from elsewhere: try it with Content-Security-Policy-Report-Only first. Strict-Transport-Security cannot be taken back within its max-age. Where the application sends these headers itself, suppress this with that as the reason.`,
  references: ["RFC 6797, 6.1", "W3C Content Security Policy Level 3", "OWASP HTTP Headers Cheat Sheet"],
  *find(project, context) {
    yield* ofTraefik(project, context);
    yield* ofNginx(project, context);
    yield* ofCaddy(project, context);
  },
});

function* ofTraefik(project: Project, { profile }: RuleContext): Generator<Found> {
  const model = traefikModel(project);
  for (const router of model.routers) {
    const middlewares = endsTls(router, model) ? middlewaresOfRouter(router, model) : undefined;
    // One that is defined elsewhere may set them.
    if (middlewares === undefined || router.service?.endsWith("@internal")) continue;
    const headers = new Map(middlewares.flatMap(headersOfMiddleware));
    const lacking = lackingHeaders(headers, { isOwnConcern: headers.size > 0, profile });
    if (lacking.length === 0) continue;
    const { fix, edits } = traefikCorrection(
      router,
      lacking.map(({ name }) => name),
    );
    yield {
      subject: router.subject,
      at: router.node,
      path: `traefik.http.routers.${router.name}.headers`,
      value: [...headers].map(([name, value]) => `${name}: ${value}`).sort(),
      message: `answers of router ${router.name} (${router.subject}) ${lacking.map(({ text }) => text).join(", ")}`,
      fix,
      edits,
    };
  }
}

function endsTls(router: TraefikRouter, model: TraefikModel): boolean {
  if (router.hasTls) return true;
  return entryPointsOfRouter(router, model).some((entryPoint) => typeof entryPoint !== "string" && entryPoint.isTls);
}

function headersOfMiddleware(options: ReadonlyMap<string, { readonly value: string }>): (readonly [string, string])[] {
  const value = (name: string) => options.get(`headers.${name}`)?.value;
  const isOn = (name: string) => value(name) === "true";
  const custom = [...options].flatMap(([name, option]): (readonly [string, string])[] => {
    const [, header] = /^headers\.customresponseheaders\.(.+)$/.exec(name) ?? [];
    return header === undefined ? [] : [[header, option.value]];
  });
  const known: (readonly [string, string | undefined | false])[] = [
    ["strict-transport-security", value("stsseconds") !== undefined && `max-age=${value("stsseconds")}`],
    ["x-content-type-options", isOn("contenttypenosniff") && "nosniff"],
    ["x-frame-options", value("customframeoptionsvalue") ?? (isOn("framedeny") && "DENY")],
    ["referrer-policy", value("referrerpolicy")],
    ["content-security-policy", value("contentsecuritypolicy")],
    ["permissions-policy", value("permissionspolicy")],
  ];
  return [...known.flatMap(([name, text]) => (text ? [[name, text] as const] : [])), ...custom];
}

function traefikCorrection(router: TraefikRouter, names: readonly string[]) {
  const { name, container, middlewares } = router;
  const middleware = `${name}-headers`;
  const lines = names.map((header) => [`customresponseheaders.${header}`, recommendedHeaders[header]!] as const);
  if (container === undefined) {
    const text = lines.map(([option, value]) => `          ${option.split(".")[1]}: ${JSON.stringify(value)}`);
    const fix = [
      "http:",
      "  middlewares:",
      `    ${middleware}:`,
      "      headers:",
      "        customResponseHeaders:",
      ...text,
      `and ${middleware} in the middlewares of router ${name}`,
    ];
    return { fix: fix.join("\n"), edits: [] };
  }
  const labels: (readonly [string, string])[] = [
    ...lines.map(([option, value]) => [`traefik.http.middlewares.${middleware}.headers.${option}`, value] as const),
    [
      `traefik.http.routers.${name}.middlewares`,
      [...middlewares.filter((each) => each !== middleware), middleware].join(","),
    ],
  ];
  return {
    fix: ["labels:", ...labels.map(([label, value]) => `  - ${JSON.stringify(`${label}=${value}`)}`)].join("\n"),
    // The names of another provider's middlewares would be lost.
    edits: labelOf(container, `http.routers.${name}.middlewares`)?.value.includes("@")
      ? []
      : labels.map(([label, value]) => setLabel(container, label, value)),
  };
}

function labelOf(service: ComposeService, name: string) {
  return traefikLabels(service).find((label) => label.name === name.toLowerCase());
}

function setLabel(service: ComposeService, label: string, value: string): Edit {
  const labels = service.node.get("labels");
  const file = labels?.location.file ?? service.node.location.file;
  const path = labels?.sourcePath ?? [...service.node.sourcePath, "labels"];
  if (labels?.kind === "map") return { kind: "set", file, path: [...path, label], value };
  const present = labelOf(service, label.slice("traefik.".length));
  if (present === undefined) return { kind: "append", file, path, value: `${label}=${value}` };
  return { kind: "set", file: present.node.location.file, path: present.node.sourcePath, value: `${label}=${value}` };
}

function* ofNginx(project: Project, { profile }: RuleContext): Generator<Found> {
  for (const each of nginxServers(project)) {
    const { nginx, server, name, path, around } = each;
    if (!each.listens.some((listen) => listen.isTls && isReachable(project, each, listen))) continue;
    const body = server.block ?? [];
    if (body.some((directive) => directive.name === "return")) continue;
    const headers = nginxHeaders(inherited("add_header", [...around, body]));
    const isOwnConcern = headers.size > 0 || !isProxy(each);
    const lacking = lackingHeaders(headers, { isOwnConcern, profile });
    if (lacking.length > 0) {
      const lines = lacking.map((header) => `add_header ${header.name} "${recommendedHeaders[header.name]}" always;`);
      const anchor = nginx.directives.length > 0 ? anchorOf(each) : undefined;
      yield {
        subject: nginx.file.path,
        at: server.location,
        path: `${path}.headers`,
        value: [...headers].map(([header, value]) => `${header}: ${value}`).sort(),
        message: `answers of ${name} (${nginx.file.path}) ${lacking.map(({ text }) => text).join(", ")}`,
        fix: lines.join("\n"),
        edits:
          anchor === undefined
            ? []
            : [{ kind: "replace", at: anchor.at, text: [anchor.text, ...lines].join(`\n${anchor.indent}`) }],
      };
    }
    yield* lostHeaders(each, headers);
  }
}

/** A location with an `add_header` of its own takes over none of the server's, which hardly anybody expects. */
function* lostHeaders({ nginx, server, path }: NginxServer, headers: ResponseHeaders): Generator<Found> {
  for (const location of (server.block ?? []).filter(({ name }) => name === "location")) {
    const own = nginxHeaders((location.block ?? []).filter(({ name }) => name === "add_header"));
    const lost =
      own.size === 0 ? [] : [...headers.keys()].filter((header) => isSecurityHeader(header) && !own.has(header));
    if (lost.length === 0) continue;
    const shown = location.parameters.join(" ");
    yield {
      subject: nginx.file.path,
      at: location.location,
      path: `${path}.location[${shown}].headers`,
      value: [...own.keys()].sort(),
      message: `location ${shown} in ${nginx.file.path} has an add_header of its own, so answers there lack ${lost.join(", ")}`,
      fix: `Repeat them in that location:\n${lost.map((header) => `add_header ${header} "${headers.get(header)}" always;`).join("\n")}`,
    };
  }
}

function isSecurityHeader(name: string): boolean {
  return Object.keys(recommendedHeaders).some((header) => header.toLowerCase() === name);
}

function nginxHeaders(directives: readonly { readonly parameters: readonly string[] }[]): Map<string, string> {
  return new Map(directives.map(({ parameters: [name = "", value = ""] }) => [name.toLowerCase(), value]));
}

function isProxy({ server: { block = [] } }: NginxServer): boolean {
  return block.some(
    ({ name, block: inner = [] }) => /_pass$/.test(name) || inner.some((each) => /_pass$/.test(each.name)),
  );
}

/** The directive of the file itself after which lines are put: its name, or the first address it listens on. */
function anchorOf({ nginx, server }: NginxServer) {
  const own = (server.block ?? []).filter(({ location }) => location.file === nginx.file.path);
  const directive = own.find(({ name }) => name === "server_name") ?? own.find(({ name }) => name === "listen");
  if (directive === undefined) return undefined;
  const { text } = nginx.file;
  const { start, end } = directive.location;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const before = text.slice(lineStart, start);
  return { at: directive.location, text: text.slice(start, end), indent: /^\s*$/.test(before) ? before : "    " };
}

function* ofCaddy(project: Project, { profile }: RuleContext): Generator<Found> {
  for (const { file, sites } of project.of("caddy")) {
    for (const { addresses, location, directives } of sites) {
      const [address = ""] = addresses;
      if (/^(?:http:\/\/|:(?!443)|localhost)/.test(address) || directives.some(({ name }) => name === "redir"))
        continue;
      const headers = new Map(headersOf(directives).map(({ name, value }) => [name, value]));
      const isOwnConcern = headers.size > 0 || directives.some(({ name }) => name === "file_server");
      const lacking = lackingHeaders(headers, { isOwnConcern, profile });
      if (lacking.length === 0) continue;
      const block = ["header {", ...lacking.map(({ name }) => `    ${name} "${recommendedHeaders[name]}"`), "}"];
      const first = directives.find((directive) => directive.location.start > location.end);
      yield {
        subject: file.path,
        at: location,
        path: `${addresses.join(",")}.headers`,
        value: [...headers].map(([name, value]) => `${name}: ${value}`).sort(),
        message: `answers of ${address} (${file.path}) ${lacking.map(({ text }) => text).join(", ")}`,
        fix: block.join("\n"),
        edits:
          first === undefined
            ? []
            : [
                {
                  kind: "replace",
                  at: first.location,
                  text: [...block, file.text.slice(first.location.start, first.location.end)].join("\n    "),
                },
              ],
      };
    }
  }
}
