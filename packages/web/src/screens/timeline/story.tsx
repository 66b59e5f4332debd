/** What came of an event: the others of the same matter, who was told, who took it on, and how it ended. */
import { Anchor, Group, Skeleton, Stack, Text, Timeline } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../../api/client.ts";
import { EventLink } from "../../parts/event-link.tsx";
import { severityColours } from "../../parts/event-list.tsx";
import { eventName } from "../../parts/event-names.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { stateNames } from "../notifications/delivery-states.ts";
import { isOver, type StoryStep, standingOf, stepsOf } from "./story-steps.ts";

/** As long as it goes on. */
const refreshMs = 3_000;

export function Story({ id }: { readonly id: string }) {
  const story = useQuery({
    queryKey: ["event", id, "story"],
    queryFn: ({ signal }) => api("GET /events/{id}/story", { params: { id }, signal }),
    refetchInterval: ({ state }) => (state.data !== undefined && isOver(state.data) ? false : refreshMs),
    staleTime: 0,
  });
  const { data } = story;
  if (data === undefined) {
    return story.isError ? (
      <ProblemAlert error={story.error} onRetry={() => void story.refetch()} />
    ) : (
      <Skeleton height={80} />
    );
  }
  const steps = stepsOf(data);
  const standing = standingOf(data);
  return (
    <Stack gap="sm">
      {standing !== undefined && <Status kind={standing.kind}>{standing.text}</Status>}
      {!data.hasNotifications && (
        <Text size="sm">Whom it was told to is not known here: the configuration of this manager has no `notify`.</Text>
      )}
      {data.hasNotifications && data.deliveries.length === 0 && (
        <Text size="sm">No message tells of it, or none that is still kept.</Text>
      )}
      {steps.length > 1 && (
        <Timeline bulletSize={14} lineWidth={2} active={steps.filter(({ kind }) => kind !== "escalation").length - 1}>
          {steps.map((step) => (
            <Timeline.Item key={keyOf(step)} color={colourOf(step)} title={<Heading step={step} id={id} />}>
              <Text size="xs" c="dimmed" className="break">
                <Time at={step.at} />
                {detailOf(step)}
              </Text>
            </Timeline.Item>
          ))}
        </Timeline>
      )}
    </Stack>
  );
}

function Heading({ step, id }: { readonly step: StoryStep; readonly id: string }) {
  if (step.kind === "escalation") {
    const { channels, route } = step.escalation;
    return <Text size="sm">Then {channels.join(", ") || route} is told, while nobody takes it on</Text>;
  }
  if (step.kind === "event") {
    const { event } = step;
    const name = eventName(event.type);
    return (
      <Text size="sm" className="break">
        {event.id === id ? (
          <b>{name}</b>
        ) : (
          <EventLink id={event.id} underline="always">
            {name}
          </EventLink>
        )}{" "}
        {event.subject}
        {event.id === id ? " (this event)" : ""}
      </Text>
    );
  }
  const { delivery } = step;
  const [name, kind] = stateNames[delivery.state];
  return (
    <Group gap="xs">
      <Anchor
        size="sm"
        renderRoot={(props) => <Link to="/notifications" search={{ tab: "deliveries", id: delivery.id }} {...props} />}
      >
        Message to {delivery.channel}
      </Anchor>
      <Status kind={kind}>{name}</Status>
    </Group>
  );
}

function keyOf(step: StoryStep): string {
  if (step.kind === "event") return step.event.id;
  return step.kind === "delivery" ? step.delivery.id : `${step.escalation.route} ${step.at}`;
}

function colourOf(step: StoryStep): string {
  if (step.kind === "event") return severityColours[step.event.severity];
  return step.kind === "delivery" && step.delivery.state === "dead" ? "red" : "gray";
}

function detailOf(step: StoryStep): string {
  if (step.kind === "event") {
    const { actor, source } = step.event;
    return actor === undefined ? `, from ${source}` : `, by ${actor}`;
  }
  if (step.kind === "escalation") return `, by the route ${step.escalation.route}`;
  const { route, reason, state } = step.delivery;
  return `, by the route ${route}${reason === undefined || state === "delivered" ? "" : `: ${reason}`}`;
}
