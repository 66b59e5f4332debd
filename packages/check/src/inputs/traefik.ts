/** Traefik's configuration files, static and dynamic, of YAML. */
import { defineFormat } from "./format.ts";
import { parseYaml } from "./yaml.ts";

const dynamic =
  /^(?:http|tcp|tls):[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*[ \t]+(?:routers|middlewares|services|options|certificates|stores|serversTransports):/m;
const statical = /^(?:entryPoints|certificatesResolvers):/im;

export const traefikFormat = defineFormat({
  kind: "traefik",
  recognizes: ({ path, text }) =>
    /\.ya?ml$/.test(path) &&
    !/^services:/m.test(text) &&
    (statical.test(text) || dynamic.test(text) || /(?:^|\/)traefik\.ya?ml$/.test(path)),
  parse: (file) => parseYaml(file).map((root) => ({ file, root })),
});
