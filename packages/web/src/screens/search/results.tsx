/** What a search found: columns to choose, entries to open, to choose, to change and to take out as a file. */
import { Button, Group, Menu, MultiSelect, Text } from "@mantine/core";
import { IconDownload, IconPencil } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { apiUrl } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { type SearchQuery, useSearchPages } from "../../parts/use-search.ts";
import { VirtualTable } from "../../parts/virtual-table.tsx";
import { BulkEdit } from "./bulk-edit.tsx";
import { tableColumns } from "./columns.ts";
import { type KnownAttributes, withChosen } from "./use-attributes.ts";

export interface ResultsProps {
  readonly cluster: string;
  readonly query: SearchQuery;
  readonly known: KnownAttributes;
  readonly columns: readonly string[];
  readonly onColumns: (columns: readonly string[]) => void;
  readonly mayWrite: boolean;
}

const none: ReadonlySet<string> = new Set();
const maxOptions = 60;
const maxBulk = 10_000;

export function Results({ cluster, query, known, columns: names, onColumns, mayWrite }: ResultsProps) {
  const key = JSON.stringify([cluster, query.base, query.scope, query.filter]);
  const [chosen, setChosen] = useState({ key, dns: none });
  const [isEditing, setIsEditing] = useState(false);
  const selection = chosen.key === key ? chosen.dns : none;
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const { search, entries } = useSearchPages(cluster, query);
  const columns = useMemo(() => tableColumns(names), [names]);
  const pages = search.data?.pages ?? [];
  const problem = pages.find((page) => page.problem !== undefined)?.problem;
  const isLimited = pages.some((page) => page.sizeLimited === true);
  return (
    <>
      <Group justify="space-between" align="flex-end" gap="sm">
        <MultiSelect
          label="Columns"
          searchable
          limit={maxOptions}
          data={withChosen(known.names, names)}
          value={[...names]}
          onChange={onColumns}
          nothingFoundMessage="The schema has none of that name."
          w={{ base: "100%", sm: "auto" }}
          miw={{ sm: 320 }}
          maw={720}
        />
        <Group gap="xs">
          {mayWrite && (
            <Button
              variant="default"
              disabled={selection.size === 0 || selection.size > maxBulk}
              leftSection={<IconPencil size={16} aria-hidden />}
              onClick={() => setIsEditing(true)}
            >
              {selection.size === 0 ? "Change those chosen" : `Change ${selection.size.toLocaleString()}…`}
            </Button>
          )}
          <ExportMenu cluster={cluster} query={query} columns={names} />
        </Group>
      </Group>
      <Text size="sm" c="dimmed" role="status">
        {search.isFetching && entries.length === 0
          ? "Searching…"
          : search.isSuccess &&
            `${entries.length.toLocaleString()} ${search.hasNextPage ? "shown so far; more come as you scroll, and sorting is of those shown" : "found"}`}
        {pages[0]?.node !== undefined && `, by ${pages[0].node}`}
      </Text>
      {(isLimited || problem !== undefined) && (
        <Text size="sm" role="status">
          <b>Not everything is here.</b> {problem ?? "The server stopped at a limit of its own."}
        </Text>
      )}
      {search.isError && <ProblemAlert error={search.error} onRetry={() => void search.refetch()} />}
      {search.isSuccess && entries.length === 0 && !search.isFetching && (
        <Empty title="Nothing found">No entry that you may see is like that. Try fewer conditions.</Empty>
      )}
      {!search.isError && (entries.length > 0 || search.isFetching) && (
        <VirtualTable
          label="Entries found"
          rows={entries}
          columns={columns}
          rowKey={({ dn }) => dn}
          onOpen={({ dn }) => void navigate({ to: "/c/$cluster/entry", params: { cluster }, search: { dn } })}
          {...(mayWrite ? { selection, onSelect: (dns: ReadonlySet<string>) => setChosen({ key, dns }) } : {})}
          onEnd={() => {
            if (search.hasNextPage && !search.isFetchingNextPage) void search.fetchNextPage();
          }}
          isFetching={search.isFetching}
        />
      )}
      {isEditing && (
        <BulkEdit
          cluster={cluster}
          known={known}
          select={{ dns: [...selection] }}
          what={selection.size === 1 ? "1 entry" : `${selection.size.toLocaleString()} entries`}
          onClose={() => {
            setIsEditing(false);
            void queryClient.invalidateQueries({ queryKey: ["search", cluster] });
          }}
          onDone={() => {
            setIsEditing(false);
            setChosen({ key, dns: none });
            void queryClient.invalidateQueries({ queryKey: ["search", cluster] });
          }}
        />
      )}
    </>
  );
}

interface ExportMenuProps {
  readonly cluster: string;
  readonly query: SearchQuery;
  readonly columns: readonly string[];
}

function ExportMenu({ cluster, query: { base, scope, filter }, columns }: ExportMenuProps) {
  const address = (format: "csv" | "ldif", attributes: readonly string[]) =>
    apiUrl("GET /clusters/{cluster}/export", {
      params: { cluster },
      query: {
        ...{ base, scope, filter, format },
        ...(attributes.length === 0 ? {} : { attributes: attributes.join(",") }),
      },
    });
  const item = (label: string, href: string) => (
    <Menu.Item component="a" href={href} download>
      {label}
    </Menu.Item>
  );
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {item("These columns as CSV", address("csv", columns))}
        {item("These columns as LDIF", address("ldif", columns))}
        {item("Whole entries as LDIF", address("ldif", []))}
      </Menu.Dropdown>
    </Menu>
  );
}
