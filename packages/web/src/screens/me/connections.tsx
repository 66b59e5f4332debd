/** The clusters that one is connected to, as whom, and what one may do there; and the others. */
import { Badge, Button, Group, PasswordInput, Stack, Table, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client.ts";
import { type SessionJson, sessionKey } from "../../app/session.ts";
import { EntryLink } from "../../parts/entry-link.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Section } from "./section.tsx";

export function Connections({ session }: { readonly session: SessionJson }) {
  const options = useQuery({
    queryKey: ["session", "options"],
    queryFn: ({ signal }) => api("GET /session/options", { signal }),
  });
  const others = (options.data?.clusters ?? []).filter(
    ({ name }) => !session.clusters.some((each) => each.name === name),
  );
  return (
    <Section
      title="Directories"
      help="What you may do comes from your roles, and from the directory's own rules beside them."
    >
      <Table.ScrollContainer minWidth={480}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Directory</Table.Th>
              <Table.Th>You are</Table.Th>
              <Table.Th>Roles</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {session.clusters.map(({ name, dn, roles, actsAs, readonly }) => (
              <Table.Tr key={name}>
                <Table.Td>
                  {name}
                  {readonly ? " (read-only)" : ""}
                </Table.Td>
                <Table.Td>
                  <EntryLink cluster={name} dn={dn} />
                  {actsAs !== "self" && (
                    <Text size="xs" c="dimmed">
                      acts {actsAs === "proxied" ? "through a service account" : "as a shared account"}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    {roles.map(({ role, under }) => (
                      <Badge key={`${role} ${under}`} variant="default" tt="none">
                        {role}
                        {under === undefined ? "" : ` under ${under}`}
                      </Badge>
                    ))}
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {others.map(({ name }) => (
        <Connect key={name} cluster={name} />
      ))}
    </Section>
  );
}

function Connect({ cluster }: { readonly cluster: string }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const queryClient = useQueryClient();
  const connect = useMutation({
    mutationFn: () => api("POST /session/clusters", { body: { cluster, name, password } }),
    onSuccess: (session) => {
      queryClient.setQueryData(sessionKey, session);
      void queryClient.invalidateQueries({ queryKey: ["clusters"] });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        connect.mutate();
      }}
    >
      <Stack gap="xs">
        <Group align="flex-end">
          <TextInput
            label={`Name in ${cluster}`}
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="off"
            required
            miw={200}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={connect.isPending}>
            Connect to {cluster}
          </Button>
        </Group>
        {connect.isError && <ProblemAlert error={connect.error} />}
      </Stack>
    </form>
  );
}
