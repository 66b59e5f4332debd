/** Before a change is made: what would be sent; and when somebody else was quicker, both changes side by side. */

import type { Attributes, Value } from "@espalier/manager/api";
import { Alert, Button, Group, Modal, Skeleton, Stack, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery } from "@tanstack/react-query";
import { api, ProblemError } from "../../api/client.ts";
import { valueText } from "../../api/values.ts";
import { LdifView } from "../../parts/ldif-view.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";

export interface SaveDialogProps {
  readonly cluster: string;
  readonly dn: string;
  readonly version: string | undefined;
  readonly read: Attributes;
  readonly wanted: Attributes;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}

interface Conflict {
  readonly attributes: readonly {
    readonly name: string;
    readonly read?: readonly Value[];
    readonly yours?: readonly Value[];
    readonly theirs?: readonly Value[];
  }[];
  readonly mergeable: boolean;
}

export function SaveDialog({ cluster, dn, version, read, wanted, onClose, onSaved }: SaveDialogProps) {
  const send = (options: { readonly preview?: boolean; readonly merge?: boolean }) =>
    api("PATCH /clusters/{cluster}/entry", { params: { cluster }, body: { dn, version, read, wanted, ...options } });
  const preview = useQuery({
    queryKey: ["preview", cluster, dn, version, read, wanted],
    queryFn: () => send({ preview: true }),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const save = useMutation({
    mutationFn: (merge: boolean) => send({ merge }),
    onSuccess: ({ node, status }) => {
      notifications.show({
        message: status === "unchanged" ? "Nothing had to be changed." : `Saved on ${node ?? cluster}.`,
      });
      onSaved();
    },
  });
  const conflict = conflictOf(save.error ?? preview.error);
  return (
    <Modal opened onClose={onClose} title="This is what will be sent" size="lg">
      <Stack>
        {preview.isPending && <Skeleton height={120} />}
        {preview.isSuccess && preview.data.status === "unchanged" && <Text>Nothing would be changed.</Text>}
        {preview.data?.ldif !== undefined && <LdifView ldif={preview.data.ldif} />}
        {preview.data?.warnings?.map((warning) => (
          <Alert key={warning} color="yellow" variant="light">
            {warning}
          </Alert>
        ))}
        {conflict !== undefined ? (
          <ConflictTable conflict={conflict} />
        ) : (
          (save.isError || preview.isError) && <ProblemAlert error={save.error ?? preview.error} />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {conflict === undefined ? "Back to the form" : "Keep mine in the form"}
          </Button>
          {conflict?.mergeable === true && (
            <Button loading={save.isPending} onClick={() => save.mutate(true)}>
              Save mine beside theirs
            </Button>
          )}
          {conflict === undefined && (
            <Button
              loading={save.isPending}
              disabled={!preview.isSuccess || preview.data.status === "unchanged"}
              onClick={() => save.mutate(false)}
            >
              Save
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

function ConflictTable({ conflict: { attributes, mergeable } }: { readonly conflict: Conflict }) {
  return (
    <Stack gap="xs">
      <Alert color="yellow" title="Somebody else has changed this entry since you opened it" role="alert">
        {mergeable
          ? "Their changes are to other attributes: yours can be saved beside them."
          : "You both changed the same attributes. Compare, go back, and decide which values should be there."}
      </Alert>
      <Table.ScrollContainer minWidth={520}>
        <Table withTableBorder withColumnBorders>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Attribute</Table.Th>
              <Table.Th>As you read it</Table.Th>
              <Table.Th>Yours</Table.Th>
              <Table.Th>Theirs, as it is now</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {attributes.map(({ name, read, yours, theirs }) => (
              <Table.Tr key={name}>
                <Table.Th className="break">{name}</Table.Th>
                {[read, yours, theirs].map((values, column) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: three columns, always these
                  <Table.Td key={column} className="break">
                    {values === undefined || values.length === 0 ? "—" : values.map(valueText).join(", ")}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function conflictOf(error: unknown): Conflict | undefined {
  if (!(error instanceof ProblemError) || error.problem.code !== "conflict") return undefined;
  const details = error.problem.details as Partial<Conflict> | undefined;
  return details?.attributes === undefined
    ? undefined
    : { attributes: details.attributes, mergeable: details.mergeable === true };
}
