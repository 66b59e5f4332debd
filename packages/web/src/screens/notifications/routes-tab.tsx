/** The routes and sources of the configuration, in words. */
import { List, Stack, Table, Text, Title } from "@mantine/core";
import type { ApiOutput } from "../../api/client.ts";
import { durationText } from "../../parts/duration-text.ts";
import { Empty } from "../../parts/empty.tsx";
import { WideTable } from "../../parts/wide-table.tsx";

type Overview = ApiOutput<"GET /notifications">;
type Route = Overview["routes"][number];

const everySeverity = 5;

export function RoutesTab({ overview: { routes, sources } }: { readonly overview: Overview }) {
  return (
    <Stack gap="lg">
      {routes.length === 0 ? (
        <Empty title="No routes">Nobody is told of anything: add a route to the configuration file.</Empty>
      ) : (
        <WideTable label="Routes" minWidth={560}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Route</Table.Th>
                <Table.Th>Tells of</Table.Th>
                <Table.Th>By</Table.Th>
                <Table.Th>Later, if nobody acknowledges</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {routes.map((route) => (
                <Table.Tr key={route.name}>
                  <Table.Td>{route.name}</Table.Td>
                  <Table.Td>{matchText(route)}</Table.Td>
                  <Table.Td>
                    {route.channels.join(", ")}
                    {route.isDigest ? ", several in one message" : ""}
                  </Table.Td>
                  <Table.Td>
                    {route.escalates
                      .map(({ afterMs, channels }) => `after ${durationText(afterMs)}: ${channels.join(", ")}`)
                      .join("; ") || "–"}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </WideTable>
      )}
      <Stack gap="xs" component="section">
        <Title order={2} size="h4">
          Who may send webhooks
        </Title>
        {sources.length === 0 && <Text size="sm">Nobody.</Text>}
        <List size="sm">
          {sources.map(({ name, verifier }) => (
            <List.Item key={name}>
              {name}: at /hooks/{name}, verified as {verifier}
            </List.Item>
          ))}
        </List>
      </Stack>
    </Stack>
  );
}

function matchText({ types, severities, subjects }: Route): string {
  const what = types.length === 0 ? "everything" : types.join(", ");
  const grave = severities.length === everySeverity ? "" : ` that is ${severities.join(" or ")}`;
  return `${what}${grave}${subjects.length === 0 ? "" : ` about ${subjects.join(", ")}`}`;
}
