/** How replication is at this moment. */
import { Alert, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ApiOutput, api } from "../../api/client.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Time } from "../../parts/time.tsx";
import { LagMatrix } from "./lag-matrix.tsx";
import { NodeTable } from "./node-table.tsx";
import { Topology } from "./topology.tsx";

type Replication = ApiOutput<"GET /clusters/{cluster}/replication">;

const askAgainMs = 10_000;

/** Asked again every few seconds; counting reads the names of all entries, and is done when it is asked for. */
function useReplication(cluster: string) {
  return useQuery({
    queryKey: ["replication", cluster],
    queryFn: ({ signal }) => api("GET /clusters/{cluster}/replication", { params: { cluster }, query: {}, signal }),
    refetchInterval: askAgainMs,
    staleTime: 0,
  });
}

export function NowTab({ cluster }: { readonly cluster: string }) {
  const [isCounted, setIsCounted] = useState(false);
  const now = useReplication(cluster);
  const counted = useQuery({
    queryKey: ["replication counts", cluster],
    enabled: isCounted,
    queryFn: ({ signal }) =>
      api("GET /clusters/{cluster}/replication", { params: { cluster }, query: { counts: "true" }, signal }),
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (now.isPending) return <Skeleton height={320} />;
  if (now.isError) return <ProblemAlert error={now.error} onRetry={() => void now.refetch()} />;
  const countsOf = new Map(counted.data?.nodes.map(({ node, counts }) => [node, counts]));
  return (
    <Stack gap="xl">
      <Verdict {...now.data} />
      <LagMatrix {...now.data} />
      <NodeTable
        nodes={now.data.nodes.map((node) => ({ ...node, counts: countsOf.get(node.node) }))}
        isCounted={counted.data !== undefined}
        isCounting={counted.isFetching}
        onCount={() => {
          if (isCounted) void counted.refetch();
          else setIsCounted(true);
        }}
      />
      {counted.isError && <ProblemAlert error={counted.error} />}
      <Topology {...now.data} />
    </Stack>
  );
}

function Verdict({ inSync, problem, nodes, at, base }: Replication) {
  const title =
    inSync === true
      ? `All ${nodes.length} nodes have every change`
      : inSync === false
        ? "The nodes do not have the same"
        : "Whether the nodes have the same is not known";
  const color = inSync === true ? "green" : inSync === false ? "red" : "gray";
  return (
    <Alert
      variant="light"
      color={color}
      title={title}
      role="status"
      styles={{ title: { color: "var(--mantine-color-text)" } }}
    >
      {problem !== undefined && <Text size="sm">{problem}</Text>}
      <Group gap={4}>
        <Text size="xs" className="break">
          {base}, looked at <Time at={at} />
        </Text>
      </Group>
    </Alert>
  );
}
