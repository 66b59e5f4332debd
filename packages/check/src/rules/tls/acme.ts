/** Which ACME servers configurations name. */
import type { Edit } from "../../engine/edit.ts";
import type { Project } from "../../engine/project.ts";
import type { Found } from "../../engine/rule.ts";

export interface AcmeServer extends Pick<Found, "subject" | "at" | "path"> {
  readonly url: string;
  readonly fix: string;
  readonly edits: readonly Edit[];
}

const production = "https://acme-v02.api.letsencrypt.org/directory";

export function* acmeServers(project: Project): Generator<AcmeServer> {
  for (const { file, root } of project.of("traefik")) {
    for (const [, resolver] of root.get("certificatesResolvers")?.entries() ?? []) {
      const server = resolver.get("acme", "caServer");
      if (server?.text === undefined) continue;
      const edit: Edit = { kind: "set", file: server.location.file, path: server.sourcePath, value: production };
      yield {
        subject: file.path,
        at: server,
        path: server.pathText,
        url: server.text,
        fix: `caServer: ${production}`,
        edits: [edit],
      };
    }
  }
  for (const { services } of project.of("compose")) {
    for (const { name, node } of services) {
      const command = node.get("command");
      for (const argument of command?.kind === "list" ? command.items() : command === undefined ? [] : [command]) {
        const [, option, url] =
          /(--certificatesresolvers\.[^.\s]+\.acme\.caserver)=(\S+)/i.exec(argument.text ?? "") ?? [];
        if (option === undefined || url === undefined) continue;
        const fix = `${option}=${production}`;
        const edits: Edit[] =
          command?.kind === "list"
            ? [{ kind: "set", file: argument.location.file, path: argument.sourcePath, value: fix }]
            : [];
        yield { subject: name, at: argument, path: argument.pathText, url, fix: `- ${fix}`, edits };
      }
    }
  }
  for (const { file, options, sites } of project.of("caddy")) {
    for (const { name, parameters, location } of options) {
      const [url] = parameters;
      if (name !== "acme_ca" || url === undefined) continue;
      const fix = `acme_ca ${production}`;
      yield {
        subject: file.path,
        at: location,
        path: name,
        url,
        fix,
        edits: [{ kind: "replace", at: location, text: fix }],
      };
    }
    for (const { addresses, directives } of sites) {
      for (const { block = [] } of directives.filter(({ name }) => name === "tls")) {
        for (const { name, parameters, location } of block) {
          const [url] = parameters;
          if (name !== "ca" || url === undefined) continue;
          const fix = `ca ${production}`;
          const path = `${addresses.join(",")}.tls.ca`;
          yield {
            subject: file.path,
            at: location,
            path,
            url,
            fix,
            edits: [{ kind: "replace", at: location, text: fix }],
          };
        }
      }
    }
  }
}
