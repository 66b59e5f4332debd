/** Before a change is made: what would be sent; and when somebody else was quicker, a choice between both changes. */

import type { Attributes } from "@espalier/manager/api";
import { Alert, Button, Group, Modal, Skeleton, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ProblemError } from "../../api/client.ts";
import { LdifView } from "../../parts/ldif-view.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import type { ConflictAttribute, Resolution } from "./conflict.ts";
import { ConflictForm } from "./conflict-form.tsx";

export interface SaveDialogProps {
  readonly cluster: string;
  readonly dn: string;
  readonly version: string | undefined;
  readonly read: Attributes;
  readonly wanted: Attributes;
  /** Whether an attribute has one value at most. */
  readonly isSingle: (name: string) => boolean;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}

export function SaveDialog({ cluster, dn, version, read, wanted, isSingle, onClose, onSaved }: SaveDialogProps) {
  const [resolved, setResolved] = useState<Resolution>();
  // What was decided was decided on the values that are there: where those are changed once more it is another conflict.
  const content = resolved === undefined ? { version, read, wanted } : resolved;
  const send = (options: { readonly preview?: boolean }) =>
    api("PATCH /clusters/{cluster}/entry", { params: { cluster }, body: { dn, ...content, ...options } });
  const preview = useQuery({
    queryKey: ["preview", cluster, dn, content],
    queryFn: () => send({ preview: true }),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const save = useMutation({
    mutationFn: () => send({}),
    onSuccess: ({ node, status }) => {
      notifications.show({
        message: status === "unchanged" ? "Nothing had to be changed." : `Saved on ${node ?? cluster}.`,
      });
      onSaved();
    },
  });
  const error = save.error ?? preview.error;
  const conflict = conflictOf(error);
  if (conflict !== undefined) {
    return (
      <Modal opened onClose={onClose} title="Your change and somebody else's" size="xl">
        <ConflictForm
          // Another conflict begins with other choices.
          key={JSON.stringify(conflict)}
          attributes={conflict}
          isSingle={isSingle}
          onBack={onClose}
          onResolved={(resolution) => {
            save.reset();
            setResolved(resolution);
          }}
        />
      </Modal>
    );
  }
  const isUnchanged = preview.data?.status === "unchanged";
  return (
    <Modal opened onClose={onClose} title="This is what will be sent" size="lg">
      <Stack>
        {preview.isPending && <Skeleton height={120} />}
        {isUnchanged && <Text>Nothing would be changed.</Text>}
        {preview.data?.ldif !== undefined && <LdifView ldif={preview.data.ldif} />}
        {preview.data?.warnings?.map((warning) => (
          <Alert key={warning} color="yellow" variant="light">
            {warning}
          </Alert>
        ))}
        {error !== null && <ProblemAlert error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Back to the form
          </Button>
          {resolved !== undefined && isUnchanged ? (
            <Button onClick={onSaved}>Leave theirs</Button>
          ) : (
            <Button loading={save.isPending} disabled={!preview.isSuccess || isUnchanged} onClick={() => save.mutate()}>
              Save
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

function conflictOf(error: unknown): readonly ConflictAttribute[] | undefined {
  if (!(error instanceof ProblemError) || error.problem.code !== "conflict") return undefined;
  const details = error.problem.details as { readonly attributes?: readonly ConflictAttribute[] } | undefined;
  return details?.attributes;
}
