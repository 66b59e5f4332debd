/** The channels: how each is, a message to try it, and a way back for one that was given up. */
import { Alert, Anchor, Button, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ApiOutput, api } from "../../api/client.ts";
import { useMayAnywhere } from "../../app/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Status, type StatusKind } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";

type Channel = ApiOutput<"GET /notifications">["channels"][number];

const kinds: Readonly<Record<Channel["state"], StatusKind>> = {
  works: "good",
  fails: "bad",
  paused: "warning",
  disabled: "bad",
  unknown: "unknown",
};

export function ChannelsTab({ channels }: { readonly channels: readonly Channel[] }) {
  if (channels.length === 0) {
    return <Empty title="No channels">Nobody is told of anything: add a channel to the configuration file.</Empty>;
  }
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, xl: 3 }}>
      {channels.map((channel) => (
        <ChannelCard key={channel.name} channel={channel} />
      ))}
    </SimpleGrid>
  );
}

function ChannelCard({ channel }: { readonly channel: Channel }) {
  const { name, kind, state, pending, dead, lastDeliveredAt } = channel;
  const mayAdminister = useMayAnywhere("admin");
  const queries = useQueryClient();
  const params = { channel: name };
  const refresh = () => queries.invalidateQueries({ queryKey: ["notifications"] });
  const test = useMutation({
    mutationFn: () => api("POST /notifications/channels/{channel}/test", { params, body: {} }),
    onSettled: refresh,
  });
  const enable = useMutation({
    mutationFn: () => api("POST /notifications/channels/{channel}/enable", { params, body: {} }),
    onSettled: refresh,
  });
  return (
    <Card withBorder component="section" aria-label={`Channel ${name}`}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Title order={2} size="h4" className="break">
            {name}
          </Title>
          <Text size="xs" c="dimmed">
            {kind}
          </Text>
        </Group>
        <Status kind={kinds[state]}>
          <StateText channel={channel} />
        </Status>
        {channel.reason !== undefined && (
          <Text size="sm" c="red" className="break">
            {channel.reason}
          </Text>
        )}
        <Text size="sm">
          {pending === 0 ? "Nothing waits" : `${pending.toLocaleString()} waiting`}
          {lastDeliveredAt !== undefined && (
            <>
              , last arrived <Time at={lastDeliveredAt} />
            </>
          )}
          .
        </Text>
        {dead > 0 && (
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link to="/notifications" search={{ tab: "deliveries", state: "dead", channel: name }} {...props} />
            )}
          >
            {dead === 1 ? "1 message was given up" : `${dead.toLocaleString()} messages were given up`}
          </Anchor>
        )}
        {mayAdminister && (
          <Group gap="xs">
            <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
              Send a test message
            </Button>
            {state === "disabled" && (
              <Button size="xs" loading={enable.isPending} onClick={() => enable.mutate()}>
                Try it again
              </Button>
            )}
          </Group>
        )}
        {test.isSuccess && (
          <Alert color={test.data.isDelivered ? "green" : "red"} variant="light" role="status">
            {test.data.isDelivered ? "The test message was taken" : "The test message was not taken"}
            {test.data.detail === undefined ? "." : `: ${test.data.detail}`}
          </Alert>
        )}
        {test.isError && <ProblemAlert error={test.error} />}
        {enable.isError && <ProblemAlert error={enable.error} />}
      </Stack>
    </Card>
  );
}

function StateText({ channel: { state, at } }: { readonly channel: Channel }) {
  if (state === "unknown") return <>nothing sent lately</>;
  if (at === undefined) return <>{state}</>;
  return (
    <>
      {state === "paused" ? "paused, tried again" : state} <Time at={at} />
    </>
  );
}
