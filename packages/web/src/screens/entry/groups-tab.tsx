/** The groups that an entry is in, and the way into others. */
import { ActionIcon, Button, Group, Skeleton, Stack, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { EntryLink } from "../../parts/entry-link.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { DnPicker } from "./dn-picker.tsx";

const pageSize = 500;

export interface GroupsTabProps {
  readonly cluster: string;
  readonly dn: string;
  readonly mayWrite: boolean;
}

export default function GroupsTab({ cluster, dn, mayWrite }: GroupsTabProps) {
  const groups = useQuery({
    queryKey: ["groups-of", cluster, dn],
    queryFn: ({ signal }) =>
      api("GET /clusters/{cluster}/groups-of", { params: { cluster }, query: { dn, limit: pageSize }, signal }),
  });
  const [chosen, setChosen] = useState("");
  const change = useMutation({
    mutationFn: (body: { readonly add?: string[]; readonly remove?: string[] }) =>
      api("PUT /clusters/{cluster}/entry/groups", { params: { cluster }, body: { dn, ...body } }),
    onSuccess: ({ groups: done }) => {
      const failed = done.filter(({ problem }) => problem !== undefined);
      for (const { group, problem } of failed)
        notifications.show({ color: "red", title: group, message: problem?.title });
      if (failed.length === 0) notifications.show({ message: "The groups are changed." });
      setChosen("");
      void groups.refetch();
    },
  });
  if (groups.isPending) return <Skeleton height={120} />;
  if (groups.isError) return <ProblemAlert error={groups.error} onRetry={() => void groups.refetch()} />;
  const { groups: found, total } = groups.data;
  return (
    <Stack>
      {change.isError && <ProblemAlert error={change.error} />}
      {found.length === 0 ? (
        <Empty title="In no group">No group that you may see names this entry.</Empty>
      ) : (
        <Table.ScrollContainer minWidth={420}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Group</Table.Th>
                <Table.Th>By</Table.Th>
                {mayWrite && <Table.Th>Leave</Table.Th>}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.map(({ dn: group, cn, description, by }) => (
                <Table.Tr key={group}>
                  <Table.Td>
                    <EntryLink cluster={cluster} dn={group}>
                      {cn ?? group}
                    </EntryLink>
                    {description !== undefined && (
                      <Text size="xs" c="dimmed">
                        {description}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>{by.join(", ")}</Table.Td>
                  {mayWrite && (
                    <Table.Td>
                      {by.some((attribute) => attribute !== "gidNumber") && (
                        <ActionIcon
                          variant="subtle"
                          color="gray"
                          aria-label={`Take out of ${cn ?? group}`}
                          loading={change.isPending}
                          onClick={() => change.mutate({ remove: [group] })}
                        >
                          <IconTrash size={16} aria-hidden />
                        </ActionIcon>
                      )}
                    </Table.Td>
                  )}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {total > found.length && (
        <Text size="sm" c="dimmed">
          {found.length} of {total} are shown.
        </Text>
      )}
      {mayWrite && (
        <Group align="flex-end">
          <div style={{ flex: 1, maxWidth: 480 }}>
            <DnPicker cluster={cluster} label="Group to join" value={chosen} onChange={setChosen} />
          </div>
          <Button
            disabled={!chosen.includes("=")}
            loading={change.isPending}
            onClick={() => change.mutate({ add: [chosen] })}
          >
            Add to this group
          </Button>
        </Group>
      )}
    </Stack>
  );
}
