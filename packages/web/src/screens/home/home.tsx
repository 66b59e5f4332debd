/** The page to look at in the morning: are the directories well, what has changed, and what wants attention. */
import { Anchor, Card, Group, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ApiOutput, api, isProblem } from "../../api/client.ts";
import { useMayAnywhere } from "../../app/session.ts";
import { Afterwards } from "../../parts/afterwards.tsx";
import { EventList } from "../../parts/event-list.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { Status, type StatusKind } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { FindingsCard } from "../findings/findings-card.tsx";
import { PromisesCard } from "../slos/promises-card.tsx";

type ClusterSummary = ApiOutput<"GET /clusters">["clusters"][number];
const refreshMs = 15_000;

export const clustersQuery = queryOptions({
  queryKey: ["clusters"],
  queryFn: ({ signal }) => api("GET /clusters", { signal }),
  refetchInterval: refreshMs,
});

export default function Home() {
  const clusters = useQuery(clustersQuery);
  return (
    <ScreenPage title="Home" help="How the directories are, what wants attention, and what changed lately.">
      {clusters.isPending && <Skeleton height={160} />}
      {clusters.isError && <ProblemAlert error={clusters.error} onRetry={() => void clusters.refetch()} />}
      <SimpleGrid cols={{ base: 1, sm: 2, xl: 3 }}>
        {clusters.data?.clusters.map((cluster) => (
          <ClusterCard key={cluster.name} cluster={cluster} />
        ))}
        <Afterwards>
          <FindingsCard />
          <PromisesCard />
        </Afterwards>
      </SimpleGrid>
      <Afterwards>
        <Attention />
        <Waiting />
        <Recent />
      </Afterwards>
    </ScreenPage>
  );
}

function ClusterCard({ cluster }: { readonly cluster: ClusterSummary }) {
  const { name, description, isReadOnly, isConnected, nodes } = cluster;
  return (
    <Card withBorder padding="md" component="section" aria-label={`Cluster ${name}`}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Title order={2} size="h4">
            {isConnected ? (
              <Anchor
                inherit
                renderRoot={(props) => <Link to="/c/$cluster/tree" params={{ cluster: name }} {...props} />}
              >
                {name}
              </Anchor>
            ) : (
              name
            )}
          </Title>
          {isReadOnly && (
            <Text size="xs" c="dimmed">
              read-only
            </Text>
          )}
        </Group>
        {description !== "" && (
          <Text size="sm" c="dimmed">
            {description}
          </Text>
        )}
        {!isConnected && <Text size="sm">You are not connected to it. Connect on your own page.</Text>}
        {nodes.map(({ name: node, state, reason, responseMs, checkedAt, isWriteNode }) => (
          <Group key={node} justify="space-between" wrap="nowrap">
            <Stack gap={0}>
              <Status kind={kindOf(state)}>
                {node}
                {isWriteNode ? " (takes writes)" : ""}
              </Status>
              {reason !== undefined && (
                <Text size="xs" c="red" className="break">
                  {reason}
                </Text>
              )}
            </Stack>
            <Text size="xs" c="dimmed" ta="right">
              {state === "up" && responseMs !== undefined ? `${responseMs.toFixed(1)} ms` : state}
              {checkedAt !== undefined && state !== "up" && (
                <>
                  , <Time at={checkedAt} />
                </>
              )}
            </Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}

function kindOf(state: ClusterSummary["nodes"][number]["state"]): StatusKind {
  return state === "up" ? "good" : state === "down" ? "bad" : "unknown";
}

function Attention() {
  const mayAudit = useMayAnywhere("audit");
  const events = useQuery({
    queryKey: ["events", "attention"],
    enabled: mayAudit,
    queryFn: ({ signal }) => api("GET /events", { query: { severity: ["critical", "high"], limit: 10 }, signal }),
    refetchInterval: refreshMs,
  });
  if (!mayAudit) return null;
  return (
    <Section title="What wants attention">
      {events.isError && !isProblem(events.error, "not_allowed") && <ProblemAlert error={events.error} />}
      {events.data?.events.length === 0 && <Text size="sm">Nothing: no critical and no high event is in the log.</Text>}
      <EventList events={events.data?.events ?? []} />
    </Section>
  );
}

/** What notifications and approvals wait for; nothing where there are none. */
function Waiting() {
  const mayAudit = useMayAnywhere("audit");
  const overview = useQuery({
    queryKey: ["notifications"],
    enabled: mayAudit,
    queryFn: ({ signal }) => api("GET /notifications", { signal }),
    refetchInterval: refreshMs,
  });
  const approvals = useQuery({
    queryKey: ["approvals", "pending"],
    enabled: mayAudit && overview.data?.hasApprovals === true,
    queryFn: ({ signal }) => api("GET /approvals", { query: { state: "pending" }, signal }),
    refetchInterval: refreshMs,
  });
  const failing = overview.data?.channels.filter(({ state }) => state === "fails" || state === "disabled") ?? [];
  const dead = overview.data?.channels.reduce((sum, channel) => sum + channel.dead, 0) ?? 0;
  const pending = approvals.data?.approvals.length ?? 0;
  if (failing.length === 0 && dead === 0 && pending === 0) return null;
  return (
    <Section title="What waits">
      {failing.map(({ name, state }) => (
        <Anchor key={name} size="sm" renderRoot={(props) => <Link to="/notifications" {...props} />}>
          The channel {name} {state === "fails" ? "fails" : "is disabled"}: its messages do not arrive
        </Anchor>
      ))}
      {dead > 0 && (
        <Anchor
          size="sm"
          renderRoot={(props) => <Link to="/notifications" search={{ tab: "deliveries", state: "dead" }} {...props} />}
        >
          {dead === 1 ? "1 message was given up" : `${dead.toLocaleString()} messages were given up`}
        </Anchor>
      )}
      {pending > 0 && (
        <Anchor size="sm" renderRoot={(props) => <Link to="/approvals" search={{ state: "pending" }} {...props} />}>
          {pending === 1 ? "1 login waits for a person's yes" : `${pending} logins wait for a person's yes`}
        </Anchor>
      )}
    </Section>
  );
}

function Recent() {
  const mayAudit = useMayAnywhere("audit");
  const events = useQuery({
    queryKey: ["events", "recent"],
    enabled: mayAudit,
    queryFn: ({ signal }) => api("GET /events", { query: { limit: 10 }, signal }),
    refetchInterval: refreshMs,
  });
  if (!mayAudit) return null;
  return (
    <Section title="What happened lately">
      {events.data?.events.length === 0 && <Text size="sm">Nothing yet.</Text>}
      <EventList events={events.data?.events ?? []} />
      <Anchor size="sm" renderRoot={(props) => <Link to="/timeline" {...props} />}>
        The whole timeline
      </Anchor>
    </Section>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  return (
    <Stack gap="xs" component="section">
      <Title order={2} size="h4">
        {title}
      </Title>
      {children}
    </Stack>
  );
}
