/** One event: all that is known of it, and what came of it. */
import { Anchor, Code, Modal, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client.ts";
import { ChangeDialog } from "../../parts/change-list.tsx";
import { eventName } from "../../parts/event-names.ts";
import { LdifView } from "../../parts/ldif-view.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Time } from "../../parts/time.tsx";
import { Story } from "./story.tsx";

export function EventDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const event = useQuery({
    queryKey: ["event", id],
    queryFn: ({ signal }) => api("GET /events/{id}", { params: { id }, signal }),
  });
  const { data } = event;
  const changeSet = data?.data?.change_set;
  const { ldif, ...rest } = data?.data ?? {};
  const [showsChange, setShowsChange] = useState(false);
  return (
    <Modal opened onClose={onClose} title={data === undefined ? "Event" : eventName(data.type)} size="lg">
      {event.isPending && <Skeleton height={120} />}
      {event.isError && <ProblemAlert error={event.error} />}
      {data !== undefined && (
        <Stack gap="xs">
          <Text className="break">
            <b>{data.type}</b>, {data.severity}: {data.subject}
          </Text>
          <Text size="sm" c="dimmed" className="break">
            <Time at={data.time} />, reported by {data.source}
            {data.actor === undefined ? "" : `, done by ${data.actor}`}
            {data.audit ? "; part of the audit trail" : ""}
          </Text>
          {typeof changeSet === "string" && (
            <Anchor component="button" size="sm" ta="left" onClick={() => setShowsChange(true)}>
              The change that it was part of
            </Anchor>
          )}
          <Title order={3} size="h5">
            What came of it
          </Title>
          <Story id={id} />
          {data.data !== undefined && (
            <>
              <Title order={3} size="h5">
                As it was reported
              </Title>
              {typeof ldif === "string" && <LdifView ldif={ldif} />}
              <Code block className="break" tabIndex={0}>
                {JSON.stringify(rest, undefined, 2)}
              </Code>
            </>
          )}
        </Stack>
      )}
      {showsChange && typeof changeSet === "string" && (
        <ChangeDialog id={changeSet} onClose={() => setShowsChange(false)} />
      )}
    </Modal>
  );
}
