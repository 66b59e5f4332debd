/** What the servers of a cluster count of themselves, and how fast that grows. */
import { Alert, Card, Group, SimpleGrid, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { type ApiOutput, api } from "../../api/client.ts";
import { LineChart } from "../../parts/line-chart.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";

type Monitored = ApiOutput<"GET /clusters/{cluster}/monitor">["nodes"][number];
type Figure = number | "unknown";
const intervalMs = 5_000;
const kept = 120;

export default function Monitoring() {
  const { cluster } = useParams({ from: "/c/$cluster/monitoring" });
  const monitor = useQuery({
    queryKey: ["monitor", cluster],
    queryFn: ({ signal }) => api("GET /clusters/{cluster}/monitor", { params: { cluster }, query: {}, signal }),
    refetchInterval: intervalMs,
    staleTime: 0,
  });
  const history = useHistory(monitor.data?.nodes);
  return (
    <ScreenPage
      title={`Monitoring of ${cluster}`}
      help="From the servers' own counters. Charts begin when this screen is opened; what a server does not show is unknown, and not zero."
    >
      {monitor.isPending && <Skeleton height={240} />}
      {monitor.isError && <ProblemAlert error={monitor.error} onRetry={() => void monitor.refetch()} />}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {monitor.data?.nodes.map((node) => (
          <NodeCard key={node.node} node={node} history={history.get(node.node) ?? []} />
        ))}
      </SimpleGrid>
    </ScreenPage>
  );
}

function useHistory(nodes: readonly Monitored[] | undefined): ReadonlyMap<string, readonly Monitored[]> {
  const [history, setHistory] = useState<ReadonlyMap<string, readonly Monitored[]>>(new Map());
  useEffect(() => {
    if (nodes === undefined) return;
    setHistory((before) => {
      const next = new Map(before);
      for (const node of nodes) {
        const samples = next.get(node.node) ?? [];
        if (samples.at(-1)?.at !== node.at) next.set(node.node, [...samples, node].slice(-kept));
      }
      return next;
    });
  }, [nodes]);
  return history;
}

function NodeCard({ node, history }: { readonly node: Monitored; readonly history: readonly Monitored[] }) {
  const { figures, problem } = node;
  const rows: readonly (readonly [name: string, value: Figure])[] = [
    ["Connections", figures.connections.current],
    ["Threads at work", figures.threads.active],
    ["Operations waiting for a thread", figures.threads.pending],
    ["Connections that are slow to read their answers", figures.waiters.write],
    ["Entries sent", figures.sent.entries],
  ];
  const rates = ratesOf(history, ({ figures: of }) => of.operations.all.completed);
  const connections = history.flatMap(({ at, figures: of }) =>
    of.connections.current === "unknown" ? [] : [{ at: Date.parse(at), value: of.connections.current }],
  );
  return (
    <Card withBorder component="section" aria-label={node.node}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {node.node}
          </Title>
          <Text size="xs" c="dimmed">
            {typeof figures.uptimeSeconds === "number" ? `up ${durationText(figures.uptimeSeconds)}` : "uptime unknown"}
          </Text>
        </Group>
        {problem !== undefined && (
          <Alert color="gray" variant="light">
            {problem}
          </Alert>
        )}
        {rows.some(([, value]) => value !== "unknown") && (
          <>
            <Table withRowBorders={false} verticalSpacing={2}>
              <Table.Tbody>
                {rows.map(([name, value]) => (
                  <Table.Tr key={name}>
                    <Table.Td>{name}</Table.Td>
                    <Table.Td ta="right">{value === "unknown" ? value : value.toLocaleString()}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            <LineChart label={`Operations a second on ${node.node}`} points={rates} unit="operations/s" />
            <LineChart label={`Connections to ${node.node}`} points={connections} unit="connections" />
          </>
        )}
      </Stack>
    </Card>
  );
}

/** Differences of a counter by the time between; none where it began anew. */
function ratesOf(history: readonly Monitored[], counter: (node: Monitored) => Figure) {
  return history.slice(1).flatMap((node, index) => {
    const before = history[index]!;
    const [from, to] = [counter(before), counter(node)];
    const seconds = (Date.parse(node.at) - Date.parse(before.at)) / 1_000;
    if (from === "unknown" || to === "unknown" || to < from || seconds <= 0) return [];
    return [{ at: Date.parse(node.at), value: (to - from) / seconds }];
  });
}

function durationText(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  return days > 0 ? `${days} d ${hours} h` : hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}
