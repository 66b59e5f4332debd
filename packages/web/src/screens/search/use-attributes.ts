/** What the schema knows of attributes, for those who choose some. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api } from "../../api/client.ts";

export interface KnownAttributes {
  /** Names, in the order of the alphabet, each once. */
  readonly names: readonly string[];
  /** What a value could be, as far as the schema says: object classes, TRUE and FALSE. */
  readonly valuesOf: (attribute: string) => readonly string[];
  /** How a value is written, where that is not plain. */
  readonly exampleOf: (attribute: string) => string | undefined;
}

const booleanSyntax = "1.3.6.1.4.1.1466.115.121.1.7";
const examples: Readonly<Record<string, string>> = {
  "1.3.6.1.4.1.1466.115.121.1.24": "20301231235959Z",
  "1.3.6.1.4.1.1466.115.121.1.12": "uid=ann,ou=people,dc=example,dc=com",
};
const usual = ["objectClass", "cn", "sn", "givenName", "displayName", "uid", "mail", "ou", "description", "member"];

export function useAttributes(cluster: string): KnownAttributes {
  const { data } = useQuery({
    queryKey: ["schema", cluster],
    queryFn: ({ signal }) => api("GET /clusters/{cluster}/schema", { params: { cluster }, signal }),
    staleTime: 300_000,
  });
  return useMemo(() => {
    const types = data?.attributeTypes ?? [];
    const classes = unique(data?.objectClasses.flatMap(({ names }) => names.slice(0, 1)) ?? []);
    const syntaxes = new Map(types.flatMap(({ names, syntax }) => names.map((name) => [name.toLowerCase(), syntax])));
    const syntaxOf = (attribute: string) => syntaxes.get((attribute.split(";")[0] ?? "").toLowerCase());
    return {
      names: data === undefined ? usual : unique(types.flatMap(({ names }) => names.slice(0, 1))),
      valuesOf: (attribute) =>
        attribute.toLowerCase() === "objectclass"
          ? classes
          : syntaxOf(attribute) === booleanSyntax
            ? ["TRUE", "FALSE"]
            : [],
      exampleOf: (attribute) => examples[syntaxOf(attribute) ?? ""],
    };
  }, [data]);
}

/** Names are the same in any letter case. */
function unique(names: readonly string[]): string[] {
  const byKey = new Map(names.map((name) => [name.toLowerCase(), name]));
  return [...byKey.values()].sort((one, other) => one.localeCompare(other));
}

/** The names to choose from, with those that are chosen and that the schema does not have. */
export function withChosen(names: readonly string[], chosen: readonly string[]): string[] {
  const strange = chosen.filter((each) => each !== "" && !names.includes(each));
  return [...new Set([...strange, ...names])];
}
