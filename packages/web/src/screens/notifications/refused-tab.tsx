/** Webhooks that were refused: who sent what, and why it was not taken. */
import { Code, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Time } from "../../parts/time.tsx";
import { WideTable } from "../../parts/wide-table.tsx";

export function RefusedTab() {
  const refused = useQuery({
    queryKey: ["notifications", "refused"],
    queryFn: ({ signal }) => api("GET /notifications/rejections", { query: {}, signal }),
    staleTime: 0,
  });
  if (refused.isPending) return <Skeleton height={160} />;
  if (refused.isError) return <ProblemAlert error={refused.error} onRetry={() => void refused.refetch()} />;
  const { rejections } = refused.data;
  if (rejections.length === 0) return <Empty title="None">Every webhook that came was taken.</Empty>;
  return (
    <Stack>
      <WideTable label="Refused webhooks" minWidth={640}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>When</Table.Th>
              <Table.Th>Source</Table.Th>
              <Table.Th>From</Table.Th>
              <Table.Th>Why</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rejections.map(({ id, time, source, address, statusCode, reason, body, bodyBytes }) => (
              <Table.Tr key={id}>
                <Table.Td>
                  <Time at={time} />
                </Table.Td>
                <Table.Td>{source}</Table.Td>
                <Table.Td>{address}</Table.Td>
                <Table.Td>
                  <Text size="sm" className="break">
                    {reason} ({statusCode})
                  </Text>
                  {body !== "" && (
                    <Code block className="break">
                      {body}
                    </Code>
                  )}
                  <Text size="xs" c="dimmed">
                    {bodyBytes.toLocaleString()} bytes
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </WideTable>
    </Stack>
  );
}
