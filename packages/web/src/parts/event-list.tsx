/** Events in lines: how grave, what, to what, by whom, when. */
import { Badge, Group, Stack, Text } from "@mantine/core";
import type { ApiOutput } from "../api/client.ts";
import { EventLink } from "./event-link.tsx";
import { eventName } from "./event-names.ts";
import { Time } from "./time.tsx";

export type EventJson = ApiOutput<"GET /events">["events"][number];

export const severityColours: Readonly<Record<EventJson["severity"], string>> = {
  critical: "red",
  high: "orange",
  medium: "yellow",
  low: "blue",
  info: "gray",
};

export function EventList({ events }: { readonly events: readonly EventJson[] }) {
  return (
    <Stack gap={6}>
      {events.map((event) => (
        <Group key={event.id} gap="sm" wrap="nowrap" align="flex-start">
          <Badge
            variant="light"
            color={severityColours[event.severity]}
            c="var(--mantine-color-text)"
            size="sm"
            w={76}
            style={{ flex: "none" }}
            tt="none"
          >
            {event.severity}
          </Badge>
          <div style={{ minWidth: 0 }}>
            <Text size="sm" className="break">
              <EventLink id={event.id} fw={600}>
                {eventName(event.type)}
              </EventLink>{" "}
              {event.subject === event.actor ? "" : event.subject}
            </Text>
            <Text size="xs" c="dimmed" className="break">
              <Time at={event.time} />
              {event.actor === undefined ? "" : ` by ${event.actor}`}, {event.type} from {event.source}
            </Text>
          </div>
        </Group>
      ))}
    </Stack>
  );
}
