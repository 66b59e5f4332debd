/** Who is in a group: any number of them, page by page. */
import { Alert, Button, Group, Modal, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type ApiOutput, api } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { EntryLink } from "../../parts/entry-link.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { type TableColumn, VirtualTable } from "../../parts/virtual-table.tsx";
import { PreviewedForm } from "../entry/previewed-form.tsx";

type Member = ApiOutput<"GET /clusters/{cluster}/members">["members"][number];
const pageSize = 200;
const typingMs = 200;

export interface GroupMembersProps {
  readonly cluster: string;
  readonly dn: string;
  readonly mayWrite: boolean;
}

export function GroupMembers({ cluster, dn, mayWrite }: GroupMembersProps) {
  const [text, setText] = useState("");
  const [contains] = useDebouncedValue(text.trim(), typingMs);
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set());
  const [dialog, setDialog] = useState<"add" | "remove">();
  const members = useInfiniteQuery({
    queryKey: ["members", cluster, dn, contains],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor, signal }) =>
      api("GET /clusters/{cluster}/members", {
        params: { cluster },
        query: { dn, limit: pageSize, cursor, ...(contains === "" ? {} : { contains }) },
        signal,
      }),
    getNextPageParam: ({ cursor }) => cursor,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
  const rows = useMemo(() => members.data?.pages.flatMap((page) => page.members) ?? [], [members.data]);
  const columns = useMemo(() => columnsOf(cluster), [cluster]);
  const total = members.data?.pages[0]?.total;
  const done = () => {
    setDialog(undefined);
    setSelection(new Set());
    void members.refetch();
  };
  return (
    <Stack>
      <Group justify="space-between">
        <Group>
          <TextInput
            type="search"
            aria-label="Find members"
            placeholder="Part of a member's name"
            leftSection={<IconSearch size={16} aria-hidden />}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            w={{ base: "100%", xs: 260 }}
          />
          <Text size="sm" c="dimmed" role="status">
            {total !== undefined && `${total.toLocaleString()} ${contains === "" ? "members" : "found"}`}
          </Text>
        </Group>
        {mayWrite && (
          <Group gap="xs">
            <Button variant="default" disabled={selection.size === 0} onClick={() => setDialog("remove")}>
              {selection.size === 0 ? "Remove…" : `Remove ${selection.size.toLocaleString()}…`}
            </Button>
            <Button onClick={() => setDialog("add")}>Add members…</Button>
          </Group>
        )}
      </Group>
      {members.isError && <ProblemAlert error={members.error} onRetry={() => void members.refetch()} />}
      {members.isSuccess && rows.length === 0 ? (
        <Empty title={contains === "" ? "The group is empty" : "Nobody in it is called that"} />
      ) : (
        <VirtualTable
          label="Members"
          rows={rows}
          columns={columns}
          rowKey={({ attribute, value }) => `${attribute}:${value}`}
          {...(mayWrite ? { selection, onSelect: setSelection } : {})}
          onEnd={() => {
            if (members.hasNextPage && !members.isFetchingNextPage) void members.fetchNextPage();
          }}
          isFetching={members.isFetching}
        />
      )}
      {dialog === "add" && <AddDialog cluster={cluster} dn={dn} onClose={() => setDialog(undefined)} onDone={done} />}
      {dialog === "remove" && (
        <RemoveDialog
          cluster={cluster}
          dn={dn}
          remove={rows
            .filter(({ attribute, value }) => selection.has(`${attribute}:${value}`))
            .map(({ value }) => value)}
          onClose={() => setDialog(undefined)}
          onDone={done}
        />
      )}
    </Stack>
  );
}

function columnsOf(cluster: string): TableColumn<Member>[] {
  return [
    { id: "name", header: "Name", value: ({ cn, uid, value }) => cn ?? uid ?? value },
    {
      id: "entry",
      header: "Entry",
      value: ({ dn: entry, value }) => entry ?? value,
      cell: ({ dn: entry, value, state }) =>
        entry === undefined ? (
          `${value}${state === "missing" ? " (not found)" : ""}`
        ) : (
          <EntryLink cluster={cluster} dn={entry} />
        ),
      width: "minmax(260px, 2fr)",
    },
    { id: "by", header: "By", value: ({ attribute }) => attribute, width: "130px" },
  ];
}

interface DialogProps {
  readonly cluster: string;
  readonly dn: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function AddDialog({ cluster, dn, onClose, onDone }: DialogProps) {
  const [list, setList] = useState("");
  const [unresolved, setUnresolved] = useState<readonly { readonly item: string; readonly reason: string }[]>([]);
  // A DN has commas of its own: each is on a line by itself.
  const add = list
    .split("\n")
    .flatMap((line) => (line.includes("=") ? [line] : line.split(/[\s,;]+/)))
    .map((item) => item.trim())
    .filter((item) => item !== "");
  return (
    <Modal opened onClose={onClose} title="Add members" size="lg">
      <PreviewedForm
        content={list}
        isFilled={add.length > 0}
        send={async (preview) => {
          const result = await api("PUT /clusters/{cluster}/groups/members", {
            params: { cluster },
            body: { dn, add, preview, skipUnresolved: true },
          });
          setUnresolved(result.unresolved);
          return result;
        }}
        verb="Add"
        onClose={onClose}
        onDone={({ added }) => {
          notifications.show({ message: `${added.toLocaleString()} added.` });
          onDone();
        }}
      >
        <Textarea
          label="Whom"
          description="Login names, mail addresses or DNs: one on each line, or pasted from elsewhere."
          autosize
          minRows={4}
          maxRows={14}
          value={list}
          onChange={(event) => setList(event.currentTarget.value)}
          data-autofocus
        />
        {unresolved.length > 0 && (
          <Alert
            color="yellow"
            variant="light"
            title={`${unresolved.length.toLocaleString()} mean nobody, and are left out`}
          >
            {unresolved.slice(0, 20).map(({ item, reason }) => (
              <Text key={item} size="sm" className="break">
                {item}: {reason}
              </Text>
            ))}
          </Alert>
        )}
      </PreviewedForm>
    </Modal>
  );
}

function RemoveDialog({ cluster, dn, remove, onClose, onDone }: DialogProps & { readonly remove: readonly string[] }) {
  return (
    <Modal opened onClose={onClose} title="Remove members" size="lg">
      <PreviewedForm
        content={remove.join("\n")}
        isFilled
        isDangerous
        send={(preview) =>
          api("PUT /clusters/{cluster}/groups/members", {
            params: { cluster },
            body: { dn, remove: [...remove], preview, skipUnresolved: true },
          })
        }
        verb="Remove"
        onClose={onClose}
        onDone={({ removed }) => {
          notifications.show({ message: `${removed.toLocaleString()} removed.` });
          onDone();
        }}
      >
        <Text size="sm">{remove.length.toLocaleString()} of the group's members. Their entries stay as they are.</Text>
      </PreviewedForm>
    </Modal>
  );
}
