/** The same entry on every node of the cluster, side by side where it differs. */
import { Alert, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import { valuesOf, valueText } from "../../api/values.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";

const maxValues = 200;

export default function CompareTab({ cluster, dn }: { readonly cluster: string; readonly dn: string }) {
  const known = useQuery({
    queryKey: ["cluster", cluster],
    queryFn: ({ signal }) => api("GET /clusters/{cluster}", { params: { cluster }, signal }),
  });
  const names = known.data?.nodes.map(({ name }) => name) ?? [];
  const entries = useQueries({
    queries: names.map((node) => ({
      queryKey: ["entry", cluster, dn, node],
      queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
        api("GET /clusters/{cluster}/entry", { params: { cluster }, query: { dn, node, maxValues }, signal }),
      retry: false,
      staleTime: 0,
    })),
  });
  if (known.isPending) return <Skeleton height={120} />;
  if (known.isError) return <ProblemAlert error={known.error} />;
  if (names.length < 2) return <Text c="dimmed">The cluster has one node only: there is nothing to compare.</Text>;
  const found = entries.map(({ data }) => data?.entry.attributes);
  const all = [...new Set(found.flatMap((attributes) => Object.keys(attributes ?? {})))].sort();
  const text = (index: number, name: string) =>
    found[index] === undefined ? undefined : valuesOf(found[index], name).map(valueText).sort().join("\n");
  const differing = all.filter(
    (name) => new Set(names.map((_, index) => text(index, name)).filter((each) => each !== undefined)).size > 1,
  );
  return (
    <Stack>
      {names.map((name, index) => {
        const { isError, error } = entries[index]!;
        return isError ? (
          <div key={name}>
            <Text fw={600}>{name}</Text>
            <ProblemAlert error={error} />
          </div>
        ) : null;
      })}
      {entries.some(({ isPending }) => isPending) ? (
        <Skeleton height={80} />
      ) : differing.length === 0 ? (
        <Alert color={entries.some(({ isError }) => isError) ? "gray" : "green"} variant="light">
          {entries.some(({ isError }) => isError)
            ? "The nodes that answered have the same values."
            : `All ${names.length} nodes have the same values.`}
        </Alert>
      ) : (
        <Table.ScrollContainer minWidth={520}>
          <Table withTableBorder withColumnBorders>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Attribute</Table.Th>
                {names.map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {differing.map((name) => (
                <Table.Tr key={name}>
                  <Table.Th>{name}</Table.Th>
                  {names.map((node, index) => (
                    <Table.Td key={node} className="break" style={{ whiteSpace: "pre-line" }}>
                      {text(index, name) ?? "—"}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}
