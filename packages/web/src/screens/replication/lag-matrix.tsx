/** How far each node is behind the changes of each server. */
import { Stack, Table, Text, Title } from "@mantine/core";
import type { ApiOutput } from "../../api/client.ts";
import { durationText } from "../../parts/duration-text.ts";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { WideTable } from "../../parts/wide-table.tsx";

type Replication = ApiOutput<"GET /clusters/{cluster}/replication">;
type Cell = Replication["lag"][number];

export function LagMatrix({ nodes, lag, newest }: Replication) {
  const servers = [...new Set([...newest, ...lag].map(({ serverId }) => serverId))];
  const madeAt = new Map(newest.map(({ serverId, at }) => [serverId, at]));
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        How far each node is behind
      </Title>
      <Text size="sm" c="dimmed">
        A column for each server that changes were made on: what each node lacks of them, as time between changes.
      </Text>
      <WideTable label="How far each node is behind" minWidth={200 + servers.length * 170}>
        <Table withTableBorder withColumnBorders>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Node</Table.Th>
              {servers.map((server) => (
                <Table.Th key={server}>
                  Server {server}
                  {madeAt.has(server) && (
                    <Text size="xs" c="dimmed">
                      last changed <Time at={madeAt.get(server)!} />
                    </Text>
                  )}
                </Table.Th>
              ))}
              {servers.length === 0 && <Table.Th>Changes</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {nodes.map(({ node, problem }) => (
              <Table.Tr key={node}>
                <Table.Th className="break" miw={110}>
                  {node}
                </Table.Th>
                {servers.map((server) => (
                  <Table.Td key={server}>
                    <LagCell
                      cell={lag.find((each) => each.node === node && each.serverId === server)}
                      problem={problem}
                    />
                  </Table.Td>
                ))}
                {servers.length === 0 && (
                  <Table.Td>
                    <LagCell cell={undefined} problem={problem} />
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </WideTable>
    </Stack>
  );
}

function LagCell({ cell, problem }: { readonly cell: Cell | undefined; readonly problem: string | undefined }) {
  const why = cell?.problem ?? problem;
  switch (cell?.state) {
    case "in_sync":
      return <Status kind="good">has all (0 ms)</Status>;
    case "behind":
      return (
        <Status kind="warning">{cell.lagMs === undefined ? "behind" : `${durationText(cell.lagMs)} behind`}</Status>
      );
    case "never_seen":
      return <Status kind="bad">has none of them</Status>;
    default:
      return (
        <>
          <Status kind="unknown">unknown</Status>
          {why !== undefined && (
            <Text size="xs" c="dimmed" className="break">
              {why}
            </Text>
          )}
        </>
      );
  }
}
