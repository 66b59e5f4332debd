/** Finds entries by what they hold: conditions that are filled in, or the filter as text. */
import { ParseError, parseDn, parseFilter } from "@espalier/ldap";
import { Alert, Button, Grid, Group, Input, Paper, Select, Stack, Text } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconBookmark, IconSearch } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useSession } from "../../app/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import type { SearchQuery } from "../../parts/use-search.ts";
import { DnPicker } from "../entry/dn-picker.tsx";
import { useColumns } from "./columns.ts";
import { FilterGroup } from "./filter-group.tsx";
import { RawFilter } from "./raw-filter.tsx";
import { Results } from "./results.tsx";
import { type SavedSearch, SavedSearches, useSavedSearches } from "./saved-searches.tsx";
import { scopeOf, scopes, useSearchAddress } from "./search-address.ts";
import { useAttributes } from "./use-attributes.ts";
import { everything, useFilterEditor } from "./use-filter-editor.ts";

const typingMs = 300;

export default function Search() {
  const { cluster, address, go } = useSearchAddress();
  const { base = "", filter, saved: savedId } = address;
  const scope = scopeOf(address.scope);
  const { data: session } = useSession();
  const connection = session?.clusters.find(({ name }) => name === cluster);
  const may = connection?.maySomewhere ?? [];
  const known = useAttributes(cluster);
  const saved = useSavedSearches(cluster);
  const queryClient = useQueryClient();
  const { names: columns, keep } = useColumns(cluster, address.columns);
  const [isSavedOpen, setIsSavedOpen] = useState(false);
  const [baseText, setBaseText] = useState(base);
  const { editor, setText, setBuilder } = useFilterEditor(filter ?? "");
  const sought = useRef(filter);

  const run = (text: string, replace: boolean) => {
    const wanted = text.trim() === "" ? everything : text.trim();
    sought.current = wanted;
    if (wanted === filter && !replace) void queryClient.invalidateQueries({ queryKey: ["search", cluster] });
    else go({ filter: wanted }, replace);
  };
  const runSoon = useDebouncedCallback((text: string) => run(text, true), typingMs);
  const search = () => {
    if (editor.mistake === undefined) run(editor.text, false);
  };
  const open = (found: SavedSearch) => {
    const { query } = found;
    setIsSavedOpen(false);
    go(
      {
        ...{ base: query.base, scope: query.scope, filter: query.filter, saved: found.id },
        columns: query.attributes.join(","),
      },
      false,
    );
  };

  // The address is led elsewhere by the browser's buttons, by a saved search, by a link: what is edited follows.
  useEffect(() => {
    if (filter === sought.current) return;
    sought.current = filter;
    setText(filter ?? "");
  }, [filter, setText]);
  useEffect(() => setBaseText(base), [base]);
  // A link to a saved search says no more than which.
  const linked = filter === undefined ? saved.data?.searches.find(({ id }) => id === savedId) : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is done once, when the saved search is known
  useEffect(() => {
    if (linked !== undefined) open(linked);
  }, [linked]);

  const query = useMemo(() => queryOf(base, scope, filter, columns), [base, scope, filter, columns]);
  const isBaseKnown = isDn(baseText);
  return (
    <ScreenPage
      title={`Search ${cluster}`}
      help="Say what the entries are like that you look for. The rows and the LDAP filter are the same search, written in two ways."
      actions={
        <Button
          variant="default"
          leftSection={<IconBookmark size={16} aria-hidden />}
          onClick={() => setIsSavedOpen(true)}
        >
          Saved searches
        </Button>
      }
    >
      <Paper withBorder p="md">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            search();
          }}
        >
          <Grid>
            <Grid.Col span={{ base: 12, lg: 7 }}>
              {editor.notDrawn === undefined ? (
                <>
                  <FilterGroup
                    group={editor.builder}
                    known={known}
                    onChange={(builder) => {
                      const next = setBuilder(builder);
                      if (next.mistake === undefined && next.text !== "") runSoon(next.text);
                    }}
                  />
                  {editor.mistake !== undefined && (
                    <Text size="sm" mt="xs">
                      The rows are as they were before the mistake in the text.
                    </Text>
                  )}
                </>
              ) : (
                <Alert variant="light" color="gray" title="This filter has no rows">
                  {editor.notDrawn} It works as it is: change it as text.
                </Alert>
              )}
            </Grid.Col>
            <Grid.Col span={{ base: 12, lg: 5 }}>
              <Stack gap="sm">
                <RawFilter editor={editor} onChange={setText} onSearch={search} />
                <Group gap="sm" align="flex-start" grow preventGrowOverflow={false}>
                  <Input.Wrapper
                    label="Below which entry"
                    error={!isBaseKnown && baseText.includes("=") ? "This is not a DN yet." : undefined}
                    miw={200}
                  >
                    <DnPicker
                      cluster={cluster}
                      label="Below which entry"
                      value={baseText}
                      onChange={(dn) => {
                        setBaseText(dn);
                        if (isDn(dn)) go({ base: dn === "" ? undefined : dn }, true);
                      }}
                    />
                  </Input.Wrapper>
                  <Select
                    label="How far"
                    data={scopes}
                    value={scope}
                    allowDeselect={false}
                    onChange={(next) => go({ scope: next ?? undefined }, true)}
                    miw={200}
                  />
                </Group>
                <Button
                  type="submit"
                  disabled={editor.mistake !== undefined || !isBaseKnown}
                  leftSection={<IconSearch size={16} aria-hidden />}
                  w={{ base: "100%", sm: "fit-content" }}
                >
                  Search
                </Button>
              </Stack>
            </Grid.Col>
          </Grid>
        </form>
      </Paper>
      {query === undefined ? (
        <Empty title="Nothing is sought yet">Fill in a condition, or press Search to see every entry.</Empty>
      ) : (
        <Results
          cluster={cluster}
          query={query}
          known={known}
          columns={columns}
          onColumns={(names) => {
            keep(names);
            go({ columns: names.length === 0 ? undefined : names.join(",") }, true);
          }}
          mayWrite={may.includes("write") && connection?.readonly !== true}
        />
      )}
      {isSavedOpen && (
        <SavedSearches
          cluster={cluster}
          query={query === undefined ? undefined : { ...query, scope, filter: query.filter ?? everything }}
          mayShare={connection?.may.includes("admin") === true}
          onOpen={open}
          onSaved={({ id }) => go({ saved: id }, true)}
          onClose={() => setIsSavedOpen(false)}
        />
      )}
    </ScreenPage>
  );
}

/** `undefined` while nothing is sought, or what is sought cannot be read. */
function queryOf(
  base: string,
  scope: SearchQuery["scope"],
  filter: string | undefined,
  columns: readonly string[],
): SearchQuery | undefined {
  if (filter === undefined || !isFilter(filter) || !isDn(base)) return undefined;
  return { ...(base === "" ? {} : { base }), scope, filter, attributes: [...columns] };
}

function isFilter(text: string): boolean {
  try {
    parseFilter(text);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

function isDn(text: string): boolean {
  try {
    parseDn(text);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}
