/**
 * Proxmox' realms, `/etc/pve/domains.cfg` (`/etc/proxmox-backup/domains.cfg`): the root is a map of types (`ldap`, `ad`, `pam`…),
 * each a map of realms, each a map of properties. Names that Backup Server writes with `-` have `_`, as Virtual Environment does.
 */
import { posix } from "node:path";
import { ConfigNode } from "./config-node.ts";
import { defineFormat } from "./format.ts";
import { linesOf, valueNode } from "./ini.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

export const proxmoxDomainsFormat = defineFormat({
  kind: "proxmoxDomains",
  recognizes: ({ path }) => posix.basename(path) === "domains.cfg",
  parse: (file) => [{ file, root: parseProxmoxDomains(file) }],
});

interface Realm {
  readonly type: string;
  readonly name: string;
  readonly location: Location;
  readonly properties: Map<string, ConfigNode>;
}

/** @throws {InputError} for a line that is neither the head of a realm nor one of its properties. */
export function parseProxmoxDomains(file: SourceFile): ConfigNode {
  const realms: Realm[] = [];
  for (const line of linesOf(file)) {
    const { text } = line;
    if (text.trim() === "" || text.startsWith("#")) continue;
    const at = line.locate(0, text.trimEnd().length);
    const [, type, name] = /^([a-z][a-z0-9-]*):\s*(\S+)\s*$/i.exec(text) ?? [];
    if (type !== undefined && name !== undefined) {
      realms.push({ type, name, location: at, properties: new Map() });
      continue;
    }
    const realm = realms.at(-1);
    const property = /^\s+(\S+)/.exec(text)?.[1];
    if (realm === undefined || property === undefined) {
      throw new InputError("this is neither `type: realm` nor, with a tab before it, a property of a realm", at);
    }
    const key = property.replaceAll("-", "_");
    const start = text.indexOf(property);
    const keyLocation = line.locate(start, property.length);
    const path = [realm.type, realm.name, key];
    realm.properties.set(key, valueNode(path, line, start + property.length, keyLocation));
  }
  const whole = file.locate(0, file.text.length);
  const types = [...Map.groupBy(realms, ({ type }) => type)].map(([type, members]) => {
    const content = new Map(members.map((realm) => [realm.name, realmNode(realm)]));
    return [
      type,
      new ConfigNode({ path: [type], sourcePath: [type], location: members[0]!.location, content }),
    ] as const;
  });
  return new ConfigNode({ path: [], sourcePath: [], location: whole, content: new Map(types) });
}

function realmNode({ type, name, location, properties }: Realm): ConfigNode {
  const path = [type, name];
  return new ConfigNode({ path, sourcePath: path, location, keyLocation: location, content: properties });
}
