/** A DN, written or found by a person's or group's name. */

import { filter, formatFilter } from "@espalier/ldap";
import { Autocomplete, Loader } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client.ts";

export interface DnPickerProps {
  readonly cluster: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (dn: string) => void;
}

const maxSuggestions = 12;

export function DnPicker({ cluster, label, value, onChange }: DnPickerProps) {
  const [sought] = useDebouncedValue(value.trim(), 200);
  const found = useQuery({
    queryKey: ["dn-picker", cluster, sought],
    enabled: sought.length >= 2 && !sought.includes("="),
    queryFn: ({ signal }) =>
      api("POST /clusters/{cluster}/search", { params: { cluster }, body: bodyFor(sought), signal }),
  });
  return (
    <Autocomplete
      aria-label={label}
      placeholder="A DN, or a name to find one by"
      value={value}
      onChange={onChange}
      data={(found.data?.entries ?? []).map(({ dn }) => dn)}
      filter={({ options }) => options}
      rightSection={found.isFetching ? <Loader size="xs" /> : null}
    />
  );
}

function bodyFor(sought: string) {
  const any = filter`(|(uid=${sought}*)(sAMAccountName=${sought}*)(cn=*${sought}*)(sn=${sought}*)(mail=${sought}*)(ou=${sought}*))`;
  return { filter: formatFilter(any), attributes: ["cn"], limit: maxSuggestions };
}
