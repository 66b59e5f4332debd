/** Who is told of what happens, and whether it arrives. */
import { Skeleton, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { api, isProblem } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { ChannelsTab } from "./channels-tab.tsx";
import { DeliveriesTab } from "./deliveries-tab.tsx";
import { RefusedTab } from "./refused-tab.tsx";
import { RoutesTab } from "./routes-tab.tsx";

const tabs = [
  ["channels", "Channels"],
  ["deliveries", "Messages"],
  ["routes", "Who is told of what"],
  ["refused", "Refused webhooks"],
] as const;

const refreshMs = 10_000;

export default function Notifications() {
  const { tab = "channels" } = useSearch({ from: "/notifications" });
  const navigate = useNavigate();
  const overview = useQuery({
    queryKey: ["notifications"],
    queryFn: ({ signal }) => api("GET /notifications", { signal }),
    refetchInterval: refreshMs,
    staleTime: 0,
  });
  const isOff = isProblem(overview.error, "not_found");
  return (
    <ScreenPage
      title="Notifications"
      help="Where messages go and whether they arrive. Channels, routes and sources are set in the configuration file."
    >
      {isOff && (
        <Empty title="No notifications here">
          The configuration of this manager has no `notify`. Add it, and people are told of what happens.
        </Empty>
      )}
      {overview.isPending && <Skeleton height={240} />}
      {overview.isError && !isOff && <ProblemAlert error={overview.error} onRetry={() => void overview.refetch()} />}
      {overview.isSuccess && (
        <Tabs
          value={tab}
          onChange={(next) => void navigate({ to: "/notifications", search: { tab: next ?? "channels" } })}
          keepMounted={false}
        >
          <Tabs.List mb="md">
            {tabs.map(([value, label]) => (
              <Tabs.Tab key={value} value={value}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="channels">
            <ChannelsTab channels={overview.data.channels} />
          </Tabs.Panel>
          <Tabs.Panel value="deliveries">
            <DeliveriesTab channels={overview.data.channels.map(({ name }) => name)} />
          </Tabs.Panel>
          <Tabs.Panel value="routes">
            <RoutesTab overview={overview.data} />
          </Tabs.Panel>
          <Tabs.Panel value="refused">
            <RefusedTab />
          </Tabs.Panel>
        </Tabs>
      )}
    </ScreenPage>
  );
}
