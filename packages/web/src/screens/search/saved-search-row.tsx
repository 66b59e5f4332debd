/** A saved search: opened by its name; renamed, brought up to date, shared or deleted by who may. */
import { Badge, Button, Group, Paper, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import type { SavedSearch } from "./saved-searches.tsx";

export interface SavedSearchRowProps {
  readonly search: SavedSearch;
  /** The search of now. */
  readonly query: SavedSearch["query"] | undefined;
  readonly mayShare: boolean;
  readonly onOpen: () => void;
  readonly onChanged: () => void;
}

export function SavedSearchRow({ search, query, mayShare, onOpen, onChanged }: SavedSearchRowProps) {
  const { id, name, isShared, isMine, mayChange } = search;
  const [newName, setNewName] = useState<string>();
  const [isDeleting, setIsDeleting] = useState(false);
  const change = useMutation({
    mutationFn: (changed: Partial<Pick<SavedSearch, "name" | "isShared" | "query">>) =>
      api("PUT /searches/{id}", { params: { id }, body: { name, isShared, query: search.query, ...changed } }),
    onSuccess: () => {
      setNewName(undefined);
      onChanged();
    },
  });
  const remove = useMutation({
    mutationFn: () => api("DELETE /searches/{id}", { params: { id } }),
    onSuccess: onChanged,
  });
  const isOther = query !== undefined && JSON.stringify(query) !== JSON.stringify(search.query);
  return (
    <Paper withBorder p="sm">
      <Stack gap="xs">
        {newName === undefined ? (
          <Group gap="xs">
            <UnstyledButton c="var(--mantine-color-anchor)" fw={600} onClick={onOpen} className="break">
              {name}
            </UnstyledButton>
            {isShared && (
              <Badge variant="default" size="sm" tt="none">
                {isMine ? "shared" : "shared by somebody else"}
              </Badge>
            )}
          </Group>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              change.mutate({ name: newName });
            }}
          >
            <Group gap="xs" align="flex-end">
              <TextInput
                label={`New name of ${name}`}
                data-autofocus
                maxLength={200}
                value={newName}
                onChange={(event) => setNewName(event.currentTarget.value)}
                style={{ flex: "1 1 200px" }}
              />
              <Button type="submit" disabled={newName.trim() === ""} loading={change.isPending}>
                Rename
              </Button>
              <Button variant="default" onClick={() => setNewName(undefined)}>
                Cancel
              </Button>
            </Group>
          </form>
        )}
        <Text size="xs" className="mono" lineClamp={2}>
          {search.query.filter}
        </Text>
        {(change.isError || remove.isError) && <ProblemAlert error={change.error ?? remove.error} />}
        {mayChange && newName === undefined && (
          <Group gap={4}>
            <Button size="compact-sm" variant="subtle" onClick={() => setNewName(name)}>
              Rename
            </Button>
            {isOther && (
              <Button
                size="compact-sm"
                variant="subtle"
                loading={change.isPending}
                onClick={() => change.mutate({ query })}
              >
                Replace with the search of now
              </Button>
            )}
            {mayShare && (
              <Button
                size="compact-sm"
                variant="subtle"
                loading={change.isPending}
                onClick={() => change.mutate({ isShared: !isShared })}
              >
                {isShared ? "Share no more" : "Share"}
              </Button>
            )}
            {isDeleting ? (
              <>
                <Button size="compact-sm" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
                  Yes, delete it
                </Button>
                <Button size="compact-sm" variant="default" onClick={() => setIsDeleting(false)}>
                  Keep it
                </Button>
              </>
            ) : (
              <Button size="compact-sm" variant="subtle" onClick={() => setIsDeleting(true)}>
                Delete…
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Paper>
  );
}
