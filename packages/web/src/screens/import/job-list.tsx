/** Imports of before: one's own, and for administrators everybody's. */
import { Anchor, Skeleton, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { WideTable } from "../../parts/wide-table.tsx";
import { isActive, stateOf } from "./use-job.ts";

const askAgainMs = 3_000;

export function JobList({ cluster }: { readonly cluster: string }) {
  const jobs = useQuery({
    queryKey: ["jobs", cluster],
    queryFn: ({ signal }) => api("GET /jobs", { query: { cluster }, signal }),
    refetchInterval: ({ state: { data } }) => (data?.jobs.some(isActive) ? askAgainMs : false),
    staleTime: 0,
  });
  if (jobs.isPending) return <Skeleton height={80} />;
  if (jobs.isError) return <ProblemAlert error={jobs.error} onRetry={() => void jobs.refetch()} />;
  if (jobs.data.jobs.length === 0) return <Empty title="Nothing has been imported yet" />;
  return (
    <WideTable label="Imports, the newest first" minWidth={820}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>File</Table.Th>
            <Table.Th>What became of it</Table.Th>
            <Table.Th>When</Table.Th>
            <Table.Th>By</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {jobs.data.jobs.map((job) => {
            const { kind, word } = stateOf(job);
            return (
              <Table.Tr key={job.id}>
                <Table.Td className="break">
                  <Anchor
                    inherit
                    renderRoot={(props) => (
                      <Link to="/c/$cluster/import" params={{ cluster }} search={{ job: job.id }} {...props} />
                    )}
                  >
                    {job.title}
                  </Anchor>
                </Table.Td>
                <Table.Td miw={260}>
                  <Status kind={kind}>{word}</Status>
                </Table.Td>
                <Table.Td>
                  <Time at={job.createdAt} />
                </Table.Td>
                <Table.Td>
                  <Text size="sm" className="break">
                    {job.person}
                  </Text>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </WideTable>
  );
}
