/** How far nodes were behind, over time. */
import { Alert, Paper, SegmentedControl, SimpleGrid, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ApiOutput, api } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { LineChart } from "../../parts/line-chart.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";

type Series = ApiOutput<"GET /clusters/{cluster}/replication/history">["series"][number];

const hourMs = 3_600_000;
const spans = [
  { value: String(hourMs), label: "Hour" },
  { value: String(24 * hourMs), label: "Day" },
  { value: String(7 * 24 * hourMs), label: "Week" },
  { value: String(30 * 24 * hourMs), label: "Month" },
];
const askAgainMs = 60_000;

export function HistoryTab({ cluster }: { readonly cluster: string }) {
  const [span, setSpan] = useState(String(24 * hourMs));
  const history = useQuery({
    queryKey: ["replication history", cluster, span],
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - Number(span)).toISOString();
      return api("GET /clusters/{cluster}/replication/history", { params: { cluster }, query: { from }, signal });
    },
    refetchInterval: askAgainMs,
  });
  return (
    <Stack>
      <SegmentedControl
        aria-label="How much time"
        data={spans}
        value={span}
        onChange={setSpan}
        w={{ base: "100%", xs: "fit-content" }}
      />
      {history.isPending && <Skeleton height={200} />}
      {history.isError && <ProblemAlert error={history.error} onRetry={() => void history.refetch()} />}
      {history.data?.problem !== undefined && (
        <Alert color="gray" variant="light" title="No history is being kept">
          {history.data.problem}
        </Alert>
      )}
      {history.isSuccess && history.data.series.length === 0 && history.data.problem === undefined && (
        <Empty title="No samples of that time" />
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {history.data?.series.map((series) => (
          <SeriesChart key={`${series.node} ${series.serverId ?? ""}`} series={series} />
        ))}
      </SimpleGrid>
    </Stack>
  );
}

function SeriesChart({ series: { node, serverId, points } }: { readonly series: Series }) {
  const drawn = points.map(({ at, lagMs }) => ({
    at: Date.parse(at),
    value: lagMs === "unknown" ? undefined : lagMs / 1_000,
  }));
  const samples = points.reduce((sum, point) => sum + point.samples, 0);
  const unknown = points.reduce((sum, point) => sum + point.unknown, 0);
  return (
    <Paper withBorder p="sm">
      <LineChart
        label={serverId === undefined ? node : `${node}, behind the changes of server ${serverId}`}
        points={drawn}
        unit="s"
      />
      {unknown > 0 && (
        <Text size="xs" c="dimmed">
          Not known in {unknown.toLocaleString()} of {samples.toLocaleString()} samples, which the line leaves out.
        </Text>
      )}
    </Paper>
  );
}
