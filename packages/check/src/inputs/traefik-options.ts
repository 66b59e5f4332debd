/**
 * Traefik's options as flat names, `http.routers.ldap.rule`, wherever they are written: in labels of compose services, in
 * arguments and variables of Traefik's own service, in static and dynamic files. Names count without their case.
 */
import type { ComposeService } from "./compose/compose-project.ts";
import type { ConfigNode } from "./config-node.ts";

export interface TraefikOption {
  /** In lower case; lists of files are joined with commas, as labels have them. */
  readonly name: string;
  readonly value: string;
  /** Of the label, the argument, or the value. */
  readonly node: ConfigNode;
}

/** The labels of a service that are for Traefik, without `traefik.`. */
export function traefikLabels({ node }: ComposeService): readonly TraefikOption[] {
  return [node.get("labels"), node.get("deploy", "labels")].flatMap((labels) => {
    const listed = (labels?.items() ?? []).flatMap((item) => {
      const [, name = "", value = ""] = /^traefik\.([^=]+)(?:=(.*))?$/is.exec(item.text ?? "") ?? [];
      return name === "" ? [] : [{ name: name.toLowerCase(), value, node: item }];
    });
    const mapped = (labels?.entries() ?? []).flatMap(([key, value]) =>
      /^traefik\./i.test(key)
        ? [{ name: key.slice("traefik.".length).toLowerCase(), value: value.text ?? "", node: value }]
        : [],
    );
    return [...listed, ...mapped];
  });
}

/** The static options that Traefik's own service is given: `--entrypoints.web.address=:80`, `TRAEFIK_ENTRYPOINTS_WEB_ADDRESS`. */
export function traefikArguments({ node, environment }: ComposeService): readonly TraefikOption[] {
  const command = node.get("command");
  const given = command?.kind === "list" ? command.items() : command === undefined ? [] : [command];
  const options = given.flatMap((argument) =>
    [...(argument.text ?? "").matchAll(/--([A-Za-z][\w.-]*)(?:=(?:"([^"]*)"|(\S*)))?/g)].map(
      ([, name = "", quoted, bare]) => ({ name: name.toLowerCase(), value: quoted ?? bare ?? "true", node: argument }),
    ),
  );
  const variables = environment.flatMap(({ name, value = "", node: entry }) =>
    /^TRAEFIK_/.test(name) && entry !== undefined
      ? [{ name: name.slice("TRAEFIK_".length).toLowerCase().replaceAll("_", "."), value, node: entry }]
      : [],
  );
  return [...options, ...variables];
}

/** A file of Traefik, flat. */
export function traefikFileOptions(root: ConfigNode, prefix = ""): readonly TraefikOption[] {
  const members = root.entries();
  if (root.kind === "map" && members.length > 0) {
    return members.flatMap(([key, node]) =>
      traefikFileOptions(node, prefix === "" ? key.toLowerCase() : `${prefix}.${key.toLowerCase()}`),
    );
  }
  const items = root.items();
  if (items.some(({ kind }) => kind !== "scalar")) {
    return items.flatMap((item, index) => traefikFileOptions(item, `${prefix}[${index}]`));
  }
  const value = root.kind === "list" ? items.map(({ text }) => text ?? "").join(",") : (root.text ?? "true");
  return [{ name: prefix, value: root.kind === "map" ? "true" : value, node: root }];
}
