/** Change sets, the newest first, each with its undo. */
import { Alert, Badge, Button, Group, Modal, Skeleton, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArrowBackUp } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ApiOutput, api } from "../api/client.ts";
import { Empty } from "./empty.tsx";
import { LdifView } from "./ldif-view.tsx";
import { ProblemAlert } from "./problem-alert.tsx";
import { Time } from "./time.tsx";

export type ChangeSetJson = ApiOutput<"GET /clusters/{cluster}/changes">["changes"][number];

export interface ChangeListProps {
  readonly changes: readonly ChangeSetJson[];
  readonly onUndone: () => void;
}

export function ChangeList({ changes, onUndone }: ChangeListProps) {
  const [undoing, setUndoing] = useState<ChangeSetJson>();
  const [shown, setShown] = useState<ChangeSetJson>();
  if (changes.length === 0) return <Empty title="No changes">Nothing has been changed here through Espalier.</Empty>;
  return (
    <Stack gap="xs">
      {changes.map((change) => (
        <Group key={change.id} justify="space-between" align="flex-start" gap="xs">
          <Stack gap={0} flex="1 1 260px">
            <Group gap="xs">
              <Text fw={600} size="sm" className="break">
                {change.title}
              </Text>
              <Counts counts={change.counts} />
              {change.undoneBy !== undefined && (
                <Badge size="sm" variant="default" tt="none">
                  undone
                </Badge>
              )}
            </Group>
            <Text size="xs" c="dimmed" className="break">
              <Time at={change.time} /> by {change.actor}
              {change.address === undefined ? "" : ` from ${change.address}`}
            </Text>
          </Stack>
          <Group gap={4} wrap="nowrap">
            <Button size="compact-sm" variant="subtle" onClick={() => setShown(change)}>
              Details
            </Button>
            {change.counts.applied > 0 && change.undoneBy === undefined && (
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconArrowBackUp size={14} aria-hidden />}
                onClick={() => setUndoing(change)}
              >
                Undo…
              </Button>
            )}
          </Group>
        </Group>
      ))}
      {undoing !== undefined && (
        <UndoDialog
          change={undoing}
          onClose={() => setUndoing(undefined)}
          onDone={() => {
            setUndoing(undefined);
            onUndone();
          }}
        />
      )}
      {shown !== undefined && <ChangeDialog id={shown.id} onClose={() => setShown(undefined)} />}
    </Stack>
  );
}

function Counts({ counts }: { readonly counts: ChangeSetJson["counts"] }) {
  const parts = (
    [
      ["applied", "green", "applied"],
      ["conflict", "yellow", "in conflict"],
      ["failed", "red", "failed"],
      ["in_doubt", "orange", "in doubt"],
      ["not_tried", "gray", "not tried"],
    ] as const
  ).filter(([key]) => counts[key] > 0 && !(key === "applied" && counts.applied === 1));
  return parts.map(([key, color, label]) => (
    <Badge key={key} size="sm" variant="light" color={color} tt="none" c="var(--mantine-color-text)">
      {counts[key].toLocaleString()} {label}
    </Badge>
  ));
}

function UndoDialog({
  change,
  onClose,
  onDone,
}: {
  readonly change: ChangeSetJson;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const params = { id: change.id };
  const preview = useQuery({
    queryKey: ["undo", change.id],
    queryFn: () => api("POST /changes/{id}/undo", { params, body: { preview: true } }),
    retry: false,
    gcTime: 0,
  });
  const undo = useMutation({
    mutationFn: () => api("POST /changes/{id}/undo", { params, body: {} }),
    onSuccess: () => {
      notifications.show({ message: `Undone: ${change.title}` });
      onDone();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Undo: ${change.title}`} size="lg">
      <Stack>
        {preview.isPending && <Skeleton height={100} />}
        {preview.isError && <ProblemAlert error={preview.error} />}
        {preview.data !== undefined && "ldif" in preview.data && <LdifView ldif={preview.data.ldif} />}
        {preview.data !== undefined &&
          "warnings" in preview.data &&
          preview.data.warnings.map((warning) => (
            <Alert key={warning} color="yellow" variant="light">
              {warning}
            </Alert>
          ))}
        {undo.isError && <ProblemAlert error={undo.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          <Button disabled={!preview.isSuccess} loading={undo.isPending} onClick={() => undo.mutate()}>
            Undo
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** A change set, whose changes are shown as far as one may see them. */
export function ChangeDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const details = useQuery({
    queryKey: ["change", id],
    queryFn: ({ signal }) => api("GET /changes/{id}", { params: { id }, query: {}, signal }),
  });
  return (
    <Modal opened onClose={onClose} title={details.data?.changeSet.title ?? "Change"} size="lg">
      {details.isPending && <Skeleton height={100} />}
      {details.isError && <ProblemAlert error={details.error} />}
      <Stack gap="md">
        {details.data?.steps.map(({ number, type, dn, newDn, status, node, audit }) => (
          <Stack key={number} gap={4}>
            <Text size="sm" className="break">
              <b>{type}</b> {dn}
              {newDn === undefined ? "" : ` → ${newDn}`}
            </Text>
            <Text size="xs" c="dimmed">
              {status}
              {node === undefined ? "" : ` on ${node}`}
            </Text>
            {typeof audit?.ldif === "string" && <LdifView ldif={audit.ldif} />}
          </Stack>
        ))}
      </Stack>
    </Modal>
  );
}
