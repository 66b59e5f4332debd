/** The table of users or groups: found as one types, opened by their name. */

import type { EntryJson } from "@espalier/manager/api";
import { Group, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { useSearchPages } from "../../parts/use-search.ts";
import { VirtualTable } from "../../parts/virtual-table.tsx";
import { attributesFor, columnsFor, filterFor, type PeopleKind, usualColumns } from "./kinds.ts";

export interface PeopleTableProps {
  readonly cluster: string;
  readonly kind: PeopleKind;
  readonly sought: string;
  readonly onSeek: (text: string) => void;
  /** Where something can be done with those that are chosen. */
  readonly selection?: ReadonlySet<string>;
  readonly onSelect?: (selection: ReadonlySet<string>) => void;
  readonly onOpen?: (dn: string) => void;
}

const placeholders: Readonly<Record<PeopleKind, string>> = {
  users: "Name, login name or mail address",
  groups: "Part of a group's name",
};
const typingMs = 150;

export function PeopleTable({ cluster, kind, sought, onSeek, selection, onSelect, onOpen }: PeopleTableProps) {
  const [text, setText] = useState(sought);
  const [settled] = useDebouncedValue(text.trim(), typingMs);
  const navigate = useNavigate();
  const forms = useForms(cluster);
  const shown = useMemo(() => {
    const configured = forms.data?.columns[kind].filter(({ isVisible }) => isVisible) ?? [];
    return configured.length > 0 ? configured : usualColumns[kind];
  }, [forms.data, kind]);
  const attributes = useMemo(() => [...attributesFor(shown), "cn"], [shown]);
  const { search, entries } = useSearchPages(cluster, { filter: filterFor(kind, settled), attributes });
  const columns = useMemo(() => columnsFor(shown), [shown]);
  const open = (entry: EntryJson) =>
    onOpen === undefined
      ? void navigate({ to: "/c/$cluster/entry", params: { cluster }, search: { dn: entry.dn } })
      : onOpen(entry.dn);
  const problem = search.data?.pages.find((page) => page.problem !== undefined)?.problem;
  return (
    <>
      <Group>
        <TextInput
          type="search"
          aria-label={`Find ${kind}`}
          placeholder={placeholders[kind]}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            onSeek(event.currentTarget.value);
          }}
          w={{ base: "100%", xs: 360 }}
        />
        <Text size="sm" c="dimmed" role="status">
          {search.isSuccess && `${entries.length.toLocaleString()}${search.hasNextPage ? " or more" : ""} found`}
        </Text>
      </Group>
      {search.isError && <ProblemAlert error={search.error} onRetry={() => void search.refetch()} />}
      {problem !== undefined && (
        <Text size="sm" role="status">
          <b>Not everything is here.</b> {problem}
        </Text>
      )}
      {search.isSuccess && entries.length === 0 ? (
        <Empty title={`No ${kind} found`}>
          {settled === "" ? "There are none that you may see." : "Try less of the name."}
        </Empty>
      ) : (
        <VirtualTable
          label={kind}
          rows={entries}
          columns={columns}
          rowKey={({ dn }) => dn}
          onOpen={open}
          {...(selection === undefined || onSelect === undefined ? {} : { selection, onSelect })}
          onEnd={() => {
            if (search.hasNextPage && !search.isFetchingNextPage) void search.fetchNextPage();
          }}
          isFetching={search.isFetching}
        />
      )}
    </>
  );
}

export function useForms(cluster: string) {
  return useQuery({
    queryKey: ["forms", cluster],
    queryFn: ({ signal }) => api("GET /clusters/{cluster}/forms", { params: { cluster }, signal }),
    staleTime: 300_000,
  });
}
