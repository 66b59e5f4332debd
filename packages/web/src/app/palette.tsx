/** Ctrl-K: any screen, cluster or entry by its name. It comes, and opens, when it is first asked for. */
import { filter, formatFilter } from "@espalier/ldap";
import { useDebouncedValue } from "@mantine/hooks";
import { createSpotlight, Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import {
  IconBell,
  IconFile,
  IconHome,
  IconListCheck,
  IconSearch,
  IconTarget,
  IconTimeline,
  IconUser,
  IconUserCheck,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api } from "../api/client.ts";
import { useSession } from "./session.ts";
import { clusterScreens, useCluster } from "./shell.tsx";

/** Of the whole page, beside each cluster's. */
const pageScreens = [
  ["/", "Home", IconHome],
  ["/findings", "Findings", IconListCheck],
  ["/slos", "Promises (SLOs)", IconTarget],
  ["/timeline", "Timeline", IconTimeline],
  ["/notifications", "Notifications", IconBell],
  ["/approvals", "Approvals", IconUserCheck],
  ["/me", "My sessions, password and second factor", IconUser],
] as const;
const [store, palette] = createSpotlight();

export { palette };

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
      const any = filter`(|(uid=${sought}*)(sAMAccountName=${sought}*)(cn=*${sought}*)(mail=${sought}*)(ou=${sought}*))`;
      const body = {
        filter: formatFilter(any),
        attributes: ["cn", "uid", "mail"],
        limit: maxEntries,
      };
      return api("POST /clusters/{cluster}/search", { params: { cluster: cluster! }, body, signal });
    },
  });
  const places: SpotlightActionData[] = [
    ...pageScreens.map(([to, label, Icon]) => ({
      id: to,
      label,
      leftSection: <Icon size={18} aria-hidden />,
      onClick: () => void navigate({ to }),
    })),
    ...(session?.clusters ?? []).flatMap(({ name }) =>
      clusterScreens.map(([path, label, Icon]) => ({
        id: `${name}/${path}`,
        label,
        description: name,
        leftSection: <Icon size={18} aria-hidden />,
        onClick: () => void navigate({ to: `/c/$cluster/${path}` as never, params: { cluster: name } as never }),
      })),
    ),
  ];
  const found = (entries.data?.entries ?? []).map(
    ({ dn, attributes }): SpotlightActionData => ({
      id: dn,
      label: textOf(attributes.cn) ?? textOf(attributes.uid) ?? dn,
      description: dn,
      leftSection: <IconFile size={18} aria-hidden />,
      onClick: () => void navigate({ to: "/c/$cluster/entry", params: { cluster: cluster! }, search: { dn } }),
    }),
  );
  const words = query.trim().toLowerCase();
  const matching = places.filter(({ label, description = "" }) =>
    `${label} ${description}`.toLowerCase().includes(words),
  );
  useEffect(() => palette.open(), []);
  useEffect(() => {
    if (entries.data !== undefined) chooseFirst();
  }, [entries.data]);
  return (
    <Spotlight
      store={store}
      overlayProps={{ blur: 0 }}
      actions={[...found, ...matching.slice(0, 12)]}
      query={query}
      onQueryChange={setQuery}
      filter={(_, actions) => actions}
      shortcut={null}
      nothingFound={entries.isFetching ? "Searching…" : "Nothing is called that."}
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: "A person, a group, a screen",
        "aria-label": "Go to",
      }}
    />
  );
}

/** What comes from the directory comes after Spotlight has chosen the first of what it had; Enter should go to the first there is. */
function chooseFirst(): void {
  const { listId } = store.getState();
  const actions = document.querySelectorAll(`#${CSS.escape(listId)} [data-action]`);
  for (const [index, action] of actions.entries()) action.toggleAttribute("data-selected", index === 0);
  store.updateState((state) => ({ ...state, selected: actions.length > 0 ? 0 : -1 }));
}

function textOf(values: readonly unknown[] | undefined): string | undefined {
  return values?.find((value): value is string => typeof value === "string");
}
