/** Searches that are kept under a name: one's own, and those that administrators share. */
import { Button, Checkbox, Group, Modal, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type ApiOutput, api } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { SavedSearchRow } from "./saved-search-row.tsx";

export type SavedSearch = ApiOutput<"GET /searches">["searches"][number];

export interface SavedSearchesProps {
  readonly cluster: string;
  /** What would be saved; absent where nothing is sought yet. */
  readonly query: SavedSearch["query"] | undefined;
  readonly mayShare: boolean;
  readonly onOpen: (search: SavedSearch) => void;
  readonly onSaved: (search: SavedSearch) => void;
  readonly onClose: () => void;
}

export function useSavedSearches(cluster: string) {
  return useQuery({
    queryKey: ["searches", cluster],
    queryFn: ({ signal }) => api("GET /searches", { query: { cluster }, signal }),
  });
}

export function SavedSearches({ cluster, query, mayShare, onOpen, onSaved, onClose }: SavedSearchesProps) {
  const [name, setName] = useState("");
  const [isShared, setIsShared] = useState(false);
  const queryClient = useQueryClient();
  const refresh = () => queryClient.invalidateQueries({ queryKey: ["searches", cluster] });
  const saved = useSavedSearches(cluster);
  const save = useMutation({
    mutationFn: () => api("POST /searches", { body: { cluster, name, query: query!, isShared } }),
    onSuccess: async (search) => {
      setName("");
      notifications.show({ message: `Saved as ${search.name}.` });
      await refresh();
      onSaved(search);
    },
  });
  return (
    <Modal opened onClose={onClose} title="Saved searches" size="lg">
      <Stack>
        {query === undefined ? (
          <Text size="sm" c="dimmed">
            Search for something first: then it can be saved here.
          </Text>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              save.mutate();
            }}
          >
            <Stack gap="xs">
              <Group align="flex-end" gap="xs">
                <TextInput
                  label="Save the search of now as"
                  placeholder="People without a mail address"
                  maxLength={200}
                  value={name}
                  onChange={(event) => setName(event.currentTarget.value)}
                  style={{ flex: "1 1 220px" }}
                />
                <Button type="submit" disabled={name.trim() === ""} loading={save.isPending}>
                  Save
                </Button>
              </Group>
              {mayShare && (
                <Checkbox
                  label="Everybody of the cluster sees it"
                  checked={isShared}
                  onChange={(event) => setIsShared(event.currentTarget.checked)}
                />
              )}
              {save.isError && <ProblemAlert error={save.error} />}
            </Stack>
          </form>
        )}
        {saved.isPending && <Skeleton height={80} />}
        {saved.isError && <ProblemAlert error={saved.error} onRetry={() => void saved.refetch()} />}
        {saved.data?.searches.length === 0 && <Empty title="None saved yet" />}
        {saved.data?.searches.map((search) => (
          <SavedSearchRow
            key={search.id}
            search={search}
            query={query}
            mayShare={mayShare}
            onOpen={() => onOpen(search)}
            onChanged={() => void refresh()}
          />
        ))}
      </Stack>
    </Modal>
  );
}
