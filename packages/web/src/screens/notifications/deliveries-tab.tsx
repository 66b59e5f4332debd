/** Messages, the newest first, by state and channel. */
import { Button, Group, Select, Skeleton, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ApiInput, type ApiOutput, api } from "../../api/client.ts";
import { useMayAnywhere } from "../../app/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { WideTable } from "../../parts/wide-table.tsx";
import { DeliveryDialog } from "./delivery-dialog.tsx";
import { type DeliveryState, stateNames } from "./delivery-states.ts";

type Delivery = ApiOutput<"GET /notifications/deliveries">["deliveries"][number];

export function DeliveriesTab({ channels }: { readonly channels: readonly string[] }) {
  const { state, channel, id } = useSearch({ from: "/notifications" });
  const navigate = useNavigate();
  const mayAdminister = useMayAnywhere("admin");
  const show = (chosen: { readonly state?: string; readonly channel?: string; readonly id?: string }) =>
    void navigate({ to: "/notifications", search: { tab: "deliveries", ...defined(chosen) } });
  const query = { state: isState(state) ? state : undefined, channel };
  const deliveries = useInfiniteQuery({
    queryKey: ["notifications", "deliveries", query],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor, signal }) =>
      api("GET /notifications/deliveries", {
        query: { ...query, cursor } as ApiInput<"GET /notifications/deliveries">["query"],
        signal,
      }),
    getNextPageParam: ({ cursor }) => cursor,
    staleTime: 0,
  });
  const found = deliveries.data?.pages.flatMap((page) => page.deliveries) ?? [];
  return (
    <Stack>
      <Group align="end">
        <Select
          label="State"
          placeholder="All"
          clearable
          data={Object.entries(stateNames).map(([value, [label]]) => ({ value, label }))}
          value={query.state ?? null}
          onChange={(next) => show({ state: next ?? "", channel: channel ?? "" })}
        />
        <Select
          label="Channel"
          placeholder="All"
          clearable
          data={[...channels]}
          value={channel ?? null}
          onChange={(next) => show({ state: state ?? "", channel: next ?? "" })}
        />
        {mayAdminister && state === "dead" && found.length > 0 && <ReplayAll channel={channel} />}
      </Group>
      {deliveries.isPending && <Skeleton height={200} />}
      {deliveries.isError && <ProblemAlert error={deliveries.error} onRetry={() => void deliveries.refetch()} />}
      {deliveries.isSuccess && found.length === 0 && (
        <Empty title="No messages">
          {state === "dead" ? "None was given up." : "Nothing has happened that anybody is told of."}
        </Empty>
      )}
      {found.length > 0 && (
        <WideTable label="Messages" minWidth={640}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>State</Table.Th>
                <Table.Th>Channel</Table.Th>
                <Table.Th>Tells of</Table.Th>
                <Table.Th>When</Table.Th>
                <Table.Th>Attempts</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.map((delivery) => (
                <Row
                  key={delivery.id}
                  delivery={delivery}
                  onOpen={() => show({ state: state ?? "", channel: channel ?? "", id: delivery.id })}
                />
              ))}
            </Table.Tbody>
          </Table>
        </WideTable>
      )}
      {deliveries.hasNextPage && (
        <Button
          variant="default"
          loading={deliveries.isFetchingNextPage}
          onClick={() => void deliveries.fetchNextPage()}
        >
          Show older ones
        </Button>
      )}
      {id !== undefined && (
        <DeliveryDialog id={id} onClose={() => show({ state: state ?? "", channel: channel ?? "" })} />
      )}
    </Stack>
  );
}

function Row({ delivery, onOpen }: { readonly delivery: Delivery; readonly onOpen: () => void }) {
  const [name, kind] = stateNames[delivery.state];
  const { channel, severity, events, createdAt, attempts, reason } = delivery;
  return (
    <Table.Tr>
      <Table.Td>
        <Status kind={kind}>{name}</Status>
      </Table.Td>
      <Table.Td>{channel}</Table.Td>
      <Table.Td>
        <UnstyledButton onClick={onOpen} td="underline">
          {events === 1 ? "1 event" : `${events} events`} ({severity})
        </UnstyledButton>
        {reason !== undefined && delivery.state !== "delivered" && (
          <Text size="xs" c="dimmed" className="break">
            {reason}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Time at={createdAt} />
      </Table.Td>
      <Table.Td>{attempts}</Table.Td>
    </Table.Tr>
  );
}

function ReplayAll({ channel }: { readonly channel: string | undefined }) {
  const queries = useQueryClient();
  const replay = useMutation({
    mutationFn: () => api("POST /notifications/replay", { body: channel === undefined ? {} : { channel } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["notifications"] }),
  });
  return (
    <>
      <Button loading={replay.isPending} onClick={() => replay.mutate()}>
        {channel === undefined ? "Send all again" : `Send all to ${channel} again`}
      </Button>
      {replay.isSuccess && (
        <Text size="sm" role="status">
          {replay.data.replayed} sent again
          {replay.data.skipped > 0 ? `, ${replay.data.skipped} left: their channels are disabled` : ""}.
        </Text>
      )}
      {replay.isError && <ProblemAlert error={replay.error} />}
    </>
  );
}

function isState(text: string | undefined): text is DeliveryState {
  return text !== undefined && Object.hasOwn(stateNames, text);
}

function defined(chosen: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== ""));
}
