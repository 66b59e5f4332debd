/** What each node holds: whether it answers, its newest change, and how many entries of each kind. */
import { Button, Group, Stack, Table, Text, Title } from "@mantine/core";
import type { ApiOutput } from "../../api/client.ts";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { WideTable } from "../../parts/wide-table.tsx";

type Replication = ApiOutput<"GET /clusters/{cluster}/replication">;
type Node = Replication["nodes"][number];
type Counts = NonNullable<Node["counts"]>;

export interface NodeTableProps {
  readonly nodes: readonly Node[];
  readonly isCounted: boolean;
  readonly isCounting: boolean;
  readonly onCount: () => void;
}

const kinds = [
  ["total", "Entries"],
  ["users", "Users"],
  ["groups", "Groups"],
  ["ous", "Units"],
  ["other", "Others"],
] as const satisfies readonly (readonly [keyof Counts, string])[];

export function NodeTable({ nodes, isCounted, isCounting, onCount }: NodeTableProps) {
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">
          Nodes
        </Title>
        <Button variant="default" size="xs" loading={isCounting} onClick={onCount}>
          {isCounted ? "Count again" : "Count the entries"}
        </Button>
      </Group>
      {isCounted && (
        <Text size="sm" c="dimmed">
          Equal counts do not mean equal entries: comparing the nodes does.
        </Text>
      )}
      <WideTable label="Nodes" minWidth={isCounted ? 820 : 540}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Node</Table.Th>
              <Table.Th>How it is</Table.Th>
              <Table.Th>Newest change</Table.Th>
              {isCounted && kinds.map(([kind, label]) => <Table.Th key={kind}>{label}</Table.Th>)}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {nodes.map(({ node, isReachable, responseMs, newest, counts, problem }) => {
              const last = newest.reduce<string | undefined>(
                (found, { at }) => (found === undefined || at > found ? at : found),
                undefined,
              );
              return (
                <Table.Tr key={node}>
                  <Table.Th className="break" miw={110}>
                    {node}
                  </Table.Th>
                  <Table.Td>
                    <Status kind={isReachable ? "good" : "bad"}>
                      {isReachable ? "answers" : "does not answer"}
                      {responseMs === undefined ? "" : ` in ${Math.max(1, Math.round(responseMs))} ms`}
                    </Status>
                    {problem !== undefined && (
                      <Text size="xs" c="dimmed" className="break">
                        {problem}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    {last === undefined ? (
                      <Text c="dimmed" size="sm">
                        unknown
                      </Text>
                    ) : (
                      <Time at={last} />
                    )}
                  </Table.Td>
                  {isCounted &&
                    kinds.map(([kind]) => (
                      <Table.Td key={kind}>
                        {counts === undefined ? (
                          <Text c="dimmed" size="sm">
                            unknown
                          </Text>
                        ) : (
                          `${counts[kind].isExact ? "" : "at least "}${counts[kind].count.toLocaleString()}`
                        )}
                      </Table.Td>
                    ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </WideTable>
    </Stack>
  );
}
