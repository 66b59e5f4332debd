/** What a server says of itself in its root DSE (RFC 4512 §5.1), and which product it is. */
import type { SearchEntry } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import type { ServerFacts, Vendor } from "./cluster.ts";
import type { NodeConnection } from "./node-connection.ts";

/** By name, since some servers give operational attributes for no `+` (RFC 3673), and some nothing without one. */
const attributes = [
  "objectClass",
  "structuralObjectClass",
  "namingContexts",
  "defaultNamingContext",
  "supportedControl",
  "supportedExtension",
  "supportedFeatures",
  "subschemaSubentry",
  "vendorName",
  "vendorVersion",
  "configContext",
  "monitorContext",
  "forestFunctionality",
  "rootDomainNamingContext",
];

/** @throws ApiError where the server shows none; OperationError, LdapClientError */
export async function readFacts(connection: NodeConnection): Promise<ServerFacts> {
  const { entries } = await connection.searchAll({ baseObject: "", scope: "baseObject", attributes });
  const [rootDse] = entries;
  if (rootDse === undefined) {
    throw new ApiError(
      "unavailable",
      `${connection.node} does not let you read its root DSE, so nothing is known of it.`,
    );
  }
  return factsOf(rootDse);
}

export function factsOf(rootDse: Pick<SearchEntry, "text" | "texts">): ServerFacts {
  const vendor = vendorOf(rootDse);
  const product = ["vendorName", "vendorVersion"].flatMap((type) => rootDse.text(type) ?? []);
  // A domain controller lists its schema and configuration as well, in an order that means nothing.
  const preferred = rootDse.texts("defaultNamingContext");
  return {
    vendor,
    product: product.length === 0 ? undefined : product.join(" "),
    namingContexts: [...new Set([...preferred, ...rootDse.texts("namingContexts")])],
    supportedControls: new Set(rootDse.texts("supportedControl")),
    supportedExtensions: new Set(rootDse.texts("supportedExtension")),
    supportedFeatures: new Set(rootDse.texts("supportedFeatures")),
    subschemaSubentry: rootDse.text("subschemaSubentry"),
    // OpenLDAP's alone has one value for each change: two changes within a second have one modifyTimestamp.
    versionAttribute: vendor === "openldap" ? "entryCSN" : "modifyTimestamp",
  };
}

function vendorOf(rootDse: Pick<SearchEntry, "text" | "texts">): Vendor {
  const has = (type: string) => rootDse.texts(type).length > 0;
  if (rootDse.text("vendorName") === "Espalier") return "espalier";
  if (/^389[ -]/.test(rootDse.text("vendorVersion") ?? rootDse.text("vendorName") ?? "")) return "389ds";
  if (has("forestFunctionality") && has("rootDomainNamingContext")) return "active-directory";
  const classes = [...rootDse.texts("objectClass"), ...rootDse.texts("structuralObjectClass")];
  if (classes.some((name) => name.toLowerCase() === "openldaprootdse")) return "openldap";
  return has("configContext") || has("monitorContext") ? "openldap" : "other";
}
