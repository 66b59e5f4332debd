/** One message: what it tells of, what came of each attempt, and a way to send it again. */
import { Button, Group, List, Modal, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client.ts";
import { useMayAnywhere } from "../../app/session.ts";
import { EventList } from "../../parts/event-list.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { stateNames } from "./delivery-states.ts";

const underWayMs = 1_000;

function isUnderWay(state: string | undefined): boolean {
  return state === "pending" || state === "sending";
}

export function DeliveryDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const mayAdminister = useMayAnywhere("admin");
  const queries = useQueryClient();
  const delivery = useQuery({
    queryKey: ["notifications", "delivery", id],
    queryFn: ({ signal }) => api("GET /notifications/deliveries/{id}", { params: { id }, signal }),
    staleTime: 0,
    // Until it has arrived, or is given up again.
    refetchInterval: ({ state }) => (isUnderWay(state.data?.state) ? underWayMs : false),
  });
  const replay = useMutation({
    mutationFn: () => api("POST /notifications/deliveries/{id}/replay", { params: { id }, body: {} }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["notifications"] }),
  });
  const { data } = delivery;
  return (
    <Modal opened onClose={onClose} title="Message" size="lg">
      {delivery.isPending && <Skeleton height={160} />}
      {delivery.isError && <ProblemAlert error={delivery.error} onRetry={() => void delivery.refetch()} />}
      {data !== undefined && (
        <Stack>
          <Group>
            <Status kind={stateNames[data.state][1]}>{stateNames[data.state][0]}</Status>
            <Text size="sm">
              to {data.channel}, by {data.route}, <Time at={data.createdAt} />
            </Text>
          </Group>
          {data.reason !== undefined && data.state !== "delivered" && (
            <Text size="sm" className="break">
              {data.reason}
            </Text>
          )}
          <Title order={3} size="h5">
            What it tells of
          </Title>
          {data.told.length === 0 && (
            <Text size="sm">
              The log has no more of it than that there{" "}
              {data.events === 1 ? "was one event" : `were ${data.events} events`}.
            </Text>
          )}
          <EventList events={data.told} />
          {data.failures.length > 0 && (
            <>
              <Title order={3} size="h5">
                Attempts that failed
              </Title>
              <List size="sm">
                {data.failures.map(({ attempt, time, reason }) => (
                  <List.Item key={attempt} className="break">
                    {attempt}, <Time at={time} />: {reason}
                  </List.Item>
                ))}
              </List>
            </>
          )}
          {mayAdminister && data.state === "dead" && (
            <Button loading={replay.isPending} onClick={() => replay.mutate()}>
              Send it again
            </Button>
          )}
          {replay.isError && <ProblemAlert error={replay.error} />}
        </Stack>
      )}
    </Modal>
  );
}
