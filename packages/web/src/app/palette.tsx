/** Ctrl-K: any screen, cluster or entry by its name. */

import { filter, formatFilter } from "@espalier/ldap";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { IconBinaryTree2, IconFile, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/client.ts";
import { useSession } from "./session.ts";
import { useCluster } from "./shell.tsx";

const screens = [
  "tree",
  "search",
  "users",
  "groups",
  "import",
  "changes",
  "schema",
  "replication",
  "monitoring",
] as const;
const maxEntries = 8;

export default function Palette() {
  const [query, setQuery] = useState("");
  const [sought] = useDebouncedValue(query.trim(), 150);
  const { data: session } = useSession();
  const cluster = useCluster();
  const navigate = useNavigate();
  const entries = useQuery({
    queryKey: ["palette", cluster, sought],
    enabled: cluster !== undefined && sought.length >= 2,
    queryFn: ({ signal }) => {
      const any = filter`(|(uid=${sought}*)(cn=*${sought}*)(mail=${sought}*)(ou=${sought}*))`;
      const body = {
        filter: formatFilter(any),
        attributes: ["cn", "uid", "mail"],
        limit: maxEntries,
      };
      return api("POST /clusters/{cluster}/search", { params: { cluster: cluster! }, body, signal });
    },
  });
  const goTo = (label: string, name: string, path: string, icon: React.ReactNode): SpotlightActionData => ({
    id: `${name}/${path}`,
    label,
    leftSection: icon,
    onClick: () => void navigate({ to: `/c/$cluster/${path}` as never, params: { cluster: name } as never }),
  });
  const places = (session?.clusters ?? []).flatMap(({ name }) =>
    screens.map((path) => goTo(`${name}: ${path}`, name, path, <IconBinaryTree2 size={18} aria-hidden />)),
  );
  const found = (entries.data?.entries ?? []).map(
    ({ dn, attributes }): SpotlightActionData => ({
      id: dn,
      label: textOf(attributes.cn) ?? textOf(attributes.uid) ?? dn,
      description: dn,
      leftSection: <IconFile size={18} aria-hidden />,
      onClick: () => void navigate({ to: "/c/$cluster/entry", params: { cluster: cluster! }, search: { dn } }),
    }),
  );
  const matching = places.filter(({ label }) => label?.toLowerCase().includes(query.trim().toLowerCase()));
  return (
    <Spotlight
      actions={[...found, ...matching.slice(0, 12)]}
      query={query}
      onQueryChange={setQuery}
      filter={(_, actions) => actions}
      shortcut={["mod + K"]}
      nothingFound={entries.isFetching ? "Searching…" : "Nothing is called that."}
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: "A person, a group, a screen",
        "aria-label": "Go to",
      }}
    />
  );
}

function textOf(values: readonly unknown[] | undefined): string | undefined {
  return values?.find((value): value is string => typeof value === "string");
}
