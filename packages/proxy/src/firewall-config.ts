/** The firewall's rules as espalier.yaml writes them. */
import { formatHostPort, type ListenAddress, listenUrl } from "@espalier/service";
import { z } from "zod";
import type { RuleOperation } from "./firewall/rule.ts";
import { network } from "./network.ts";

const operations = [
  "any",
  "read",
  "write",
  "bind",
  "search",
  "compare",
  "add",
  "modify",
  "delete",
  "modifyDn",
  "extended",
] as const satisfies readonly RuleOperation[];

const operationList = (verb: string) =>
  z
    .array(z.enum(operations))
    .min(1)
    .exactOptional()
    .describe(
      `What is ${verb}: \`read\` is search and compare; \`write\` is add, modify, delete, modifyDn, and extended operations that may change something.`,
    );

/** Written like one of `listen`; as the listener is called. */
const listener = listenUrl({ ldap: 389, ldaps: 636 }).transform(formatListener);

export function formatListener({ scheme, ...address }: ListenAddress): string {
  return `${scheme}://${formatHostPort(address)}`;
}

const texts = (description: string) => z.array(z.string()).min(1).exactOptional().describe(description);

const condition = {
  from: z.array(network()).min(1).exactOptional().describe("Addresses and networks of the client."),
  tls: z.boolean().exactOptional().describe("Whether the client's connection is encrypted."),
  listeners: z
    .array(listener)
    .min(1)
    .exactOptional()
    .describe("Listeners by which the client came in; they must be among `listen`."),
  boundAs: texts('DNs the client is bound as, each with everything below it; `""` is anonymous.'),
  base: texts("DNs, each with everything below it: of the entry, and in `deny` of what is reached from it."),
  scope: z
    .array(z.enum(["base", "one", "sub"]))
    .min(1)
    .exactOptional()
    .describe("Of a search."),
  filter: texts(
    "Shapes of filters, `?` for a value: `(uid=?)`, `(cn=*?*)`; `(?=*?*)` is any attribute. One that a part of the filter has counts.",
  ),
  attributes: texts("Attribute types asked for, filtered on, compared, added or modified."),
  oids: texts("Of an extended operation, or of any control."),
};

export const firewallRule = z
  .strictObject({
    name: z.string().min(1).exactOptional().describe("What log and metrics call it; `rule 3` unless set."),
    deny: operationList("refused"),
    allow: operationList("let through"),
    ...condition,
    unless: z.strictObject(condition).exactOptional(),
  })
  .transform((rule, context) => {
    const { deny, allow, ...rest } = rule;
    if (deny !== undefined && allow === undefined) return { ...rest, deny };
    if (allow !== undefined && deny === undefined) return { ...rest, allow };
    context.addIssue("needs either deny or allow, with the operations it is about");
    return z.NEVER;
  });
