/** Everything that happened, in all services, live. */
import { Button, Group, MultiSelect, Select, Skeleton, Switch, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api, apiUrl } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { type EventJson, EventList, severityColours } from "../../parts/event-list.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { EventDialog } from "./event-dialog.tsx";

const severities = Object.keys(severityColours) as EventJson["severity"][];
const kinds = [
  { value: "", label: "Everything" },
  { value: "entry.*", label: "Entries changed" },
  { value: "session.*", label: "Sign-ins" },
  { value: "password.*", label: "Passwords" },
  { value: "node.*", label: "Nodes of clusters" },
  { value: "replication.*", label: "Replication" },
  { value: "finding.*", label: "Findings" },
  { value: "backend.*", label: "Backends of the proxy" },
  { value: "approval.*", label: "Approvals" },
  { value: "hook.*", label: "Webhooks" },
];
const typingMs = 300;
const maxLive = 200;

export default function Timeline() {
  const { type, severity, subject, id } = useSearch({ from: "/timeline" });
  const navigate = useNavigate();
  const [isLive, setIsLive] = useState(true);
  const change = (search: {
    readonly type?: string;
    readonly severity?: string;
    readonly subject?: string;
    readonly id?: string;
  }) => void navigate({ to: "/timeline", search: (before) => ({ ...before, ...search }), replace: true });
  const changeSubject = useDebouncedCallback(
    (text: string) => change({ subject: text === "" ? undefined : text }),
    typingMs,
  );
  const chosen = (severity?.split(",") ?? []) as EventJson["severity"][];
  const filter = {
    ...(type === undefined ? {} : { type }),
    ...(chosen.length === 0 ? {} : { severity: chosen }),
    ...(subject === undefined ? {} : { subject }),
  };
  const events = useInfiniteQuery({
    queryKey: ["events", filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor, signal }) => api("GET /events", { query: { ...filter, cursor, limit: 50 }, signal }),
    getNextPageParam: ({ cursor }) => cursor,
  });
  // From where the list was read, so that nothing falls between the two.
  const after = events.data?.pages[0]?.position;
  const url = apiUrl("GET /events/stream", { query: { ...filter, after } });
  const live = useLiveEvents(url, isLive && after !== undefined);
  const known = new Set<string>();
  const shown = [...live, ...(events.data?.pages.flatMap((page) => page.events) ?? [])].filter((event) => {
    if (known.has(event.id)) return false;
    known.add(event.id);
    return true;
  });
  return (
    <ScreenPage
      title="Timeline"
      help="What happened in every service, with who did it: the audit trail is part of it. An event opens to all that is known of it."
      actions={<Switch label="Live" checked={isLive} onChange={(event) => setIsLive(event.currentTarget.checked)} />}
    >
      <Group align="flex-end">
        <Select
          label="What"
          data={kinds}
          value={type ?? ""}
          onChange={(value) => change({ type: value === "" || value === null ? undefined : value })}
          allowDeselect={false}
        />
        <MultiSelect
          label="How grave"
          data={severities}
          value={chosen}
          onChange={(values) => change({ severity: values.length === 0 ? undefined : values.join(",") })}
          placeholder={chosen.length === 0 ? "all" : ""}
          clearable
          miw={220}
        />
        <TextInput
          label="To what"
          description="A DN, a node: exactly"
          defaultValue={subject ?? ""}
          onChange={(event) => changeSubject(event.currentTarget.value)}
        />
      </Group>
      {events.isPending && <Skeleton height={240} />}
      {events.isError && <ProblemAlert error={events.error} onRetry={() => void events.refetch()} />}
      {events.isSuccess && shown.length === 0 && <Empty title="Nothing of that kind has happened" />}
      <EventList events={shown} />
      {events.hasNextPage && (
        <Button
          variant="default"
          w="fit-content"
          loading={events.isFetchingNextPage}
          onClick={() => void events.fetchNextPage()}
        >
          Show older ones
        </Button>
      )}
      {id !== undefined && <EventDialog key={id} id={id} onClose={() => change({ id: undefined })} />}
    </ScreenPage>
  );
}

/** What has come of the stream, newest first, also after it was turned off. The browser connects again by itself. */
function useLiveEvents(url: string, isOn: boolean): readonly EventJson[] {
  const [came, setCame] = useState<{ readonly url: string; readonly events: readonly EventJson[] }>({
    url,
    events: [],
  });
  useEffect(() => {
    if (!isOn) return;
    const source = new EventSource(url);
    source.onmessage = ({ data }: MessageEvent<string>) =>
      setCame((before) => {
        const earlier = before.url === url ? before.events : [];
        return { url, events: [JSON.parse(data) as EventJson, ...earlier].slice(0, maxLive) };
      });
    return () => source.close();
  }, [url, isOn]);
  return came.url === url ? came.events : [];
}
