/** Where one is signed in; administrators see everybody's of their clusters. */
import { Badge, Button, Skeleton, Table, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Time } from "../../parts/time.tsx";
import { Section } from "./section.tsx";

export function Sessions() {
  const sessions = useQuery({
    queryKey: ["sessions"],
    queryFn: ({ signal }) => api("GET /sessions", { signal }),
    staleTime: 0,
  });
  const end = useMutation({
    mutationFn: (id: string) => api("DELETE /sessions/{id}", { params: { id } }),
    onSuccess: () => void sessions.refetch(),
  });
  return (
    <Section title="Sessions" help="End one that you do not know, and change your password.">
      {sessions.isPending && <Skeleton height={80} />}
      {sessions.isError && <ProblemAlert error={sessions.error} />}
      {end.isError && <ProblemAlert error={end.error} />}
      {sessions.isSuccess && (
        <Table.ScrollContainer minWidth={560}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Who</Table.Th>
                <Table.Th>From</Table.Th>
                <Table.Th>Last used</Table.Th>
                <Table.Th>End</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {sessions.data.sessions.map(({ id, name, address, userAgent, usedAt, current }) => (
                <Table.Tr key={id}>
                  <Table.Td className="break">{name}</Table.Td>
                  <Table.Td>
                    {address}
                    <Text size="xs" c="dimmed" lineClamp={1} title={userAgent}>
                      {userAgent}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Time at={usedAt} />
                  </Table.Td>
                  <Table.Td>
                    {current ? (
                      <Badge variant="default" tt="none">
                        this one
                      </Badge>
                    ) : (
                      <Button size="compact-sm" variant="default" onClick={() => end.mutate(id)}>
                        End<span style={{ position: "absolute", left: -9999 }}> the session from {address}</span>
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Section>
  );
}
