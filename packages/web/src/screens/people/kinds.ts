/** Users and groups: the filters that find them, and the columns they are shown in. */
import { type Filter, filter, formatFilter } from "@espalier/ldap";
import type { EntryJson } from "@espalier/manager/api";
import { valuesOf, valueText } from "../../api/values.ts";
import type { TableColumn } from "../../parts/virtual-table.tsx";

export type PeopleKind = "users" | "groups";

const classes: Readonly<Record<PeopleKind, Filter>> = {
  users: filter`(|(objectClass=inetOrgPerson)(objectClass=posixAccount)(objectClass=account)(objectClass=user))`,
  groups: filter`(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfMembers)(objectClass=posixGroup)(objectClass=group))`,
};

export const usualColumns: Readonly<Record<PeopleKind, readonly { readonly name: string; readonly label: string }[]>> =
  {
    users: [
      { name: "uid", label: "Login name" },
      { name: "cn", label: "Name" },
      { name: "mail", label: "Mail" },
      { name: "uidNumber", label: "Number" },
    ],
    groups: [
      { name: "cn", label: "Name" },
      { name: "description", label: "Description" },
      { name: "gidNumber", label: "Number" },
    ],
  };

/** Those whose name, login name or mail address has the text. */
export function filterFor(kind: PeopleKind, text: string): string {
  if (text === "") return formatFilter(classes[kind]);
  const any = filter`(|(uid=*${text}*)(cn=*${text}*)(mail=*${text}*)(sn=*${text}*))`;
  return formatFilter({ type: "and", filters: [classes[kind], any] });
}

export function columnsFor(
  columns: readonly { readonly name: string; readonly label: string }[],
): TableColumn<EntryJson>[] {
  return columns.map(({ name, label }) => {
    const text = (entry: EntryJson) => valuesOf(entry.attributes, name).map(valueText).join(", ");
    const isNumber = /number$/i.test(name);
    return {
      id: name,
      header: label,
      value: (entry) => (isNumber && text(entry) !== "" ? Number(text(entry)) : text(entry)),
      cell: (entry) => text(entry) || (name === columns[0]?.name ? entry.dn : ""),
    };
  });
}
