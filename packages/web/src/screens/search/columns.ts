/** The columns of search results: of the address, else those that were chosen last in the cluster, else the usual ones. */
import type { EntryJson } from "@espalier/manager/api";
import { useCallback, useMemo } from "react";
import { valuesOf, valueText } from "../../api/values.ts";
import type { TableColumn } from "../../parts/virtual-table.tsx";

const usual = "cn,uid,mail";

function keyOf(cluster: string): string {
  return `espalier.search-columns.${cluster}`;
}

function namesIn(text: string): string[] {
  return [...new Set(text.split(",").filter((name) => name !== ""))];
}

export function useColumns(cluster: string, inAddress: string | undefined) {
  const text = inAddress || localStorage.getItem(keyOf(cluster)) || usual;
  const names = useMemo(() => namesIn(text), [text]);
  const keep = useCallback(
    (chosen: readonly string[]) => localStorage.setItem(keyOf(cluster), chosen.join(",")),
    [cluster],
  );
  return { names, keep };
}

export function tableColumns(names: readonly string[]): TableColumn<EntryJson>[] {
  const dn: TableColumn<EntryJson> = {
    id: "dn",
    header: "Entry",
    value: (entry) => entry.dn,
    width: "minmax(220px, 2fr)",
  };
  return [dn, ...names.filter((name) => name.toLowerCase() !== "dn").map(columnOf)];
}

function columnOf(name: string): TableColumn<EntryJson> {
  return {
    id: name,
    header: name,
    value: (entry) => {
      const text = valuesOf(entry.attributes, name).map(valueText).join(", ");
      return /number$/i.test(name) && /^\d+$/.test(text) ? Number(text) : text;
    },
    cell: (entry) => valuesOf(entry.attributes, name).map(valueText).join(", "),
  };
}
