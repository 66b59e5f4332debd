/** On the home screen: how many findings there are, how severe, or that nobody knows. */
import { Anchor, Badge, Card, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMayAnywhere } from "../../app/session.ts";
import { severityColours } from "../../parts/event-list.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { summaryOf } from "./summary.ts";
import { useFindings } from "./use-findings.ts";

export function FindingsCard() {
  const findings = useFindings();
  if (!useMayAnywhere("audit")) return null;
  const { data } = findings;
  const summary = data === undefined ? undefined : summaryOf(data, Date.now());
  return (
    <Card withBorder padding="md" component="section" aria-label="Findings">
      <Stack gap="xs">
        <Title order={2} size="h4">
          <Anchor inherit renderRoot={(props) => <Link to="/findings" {...props} />}>
            Findings
          </Anchor>
        </Title>
        {findings.isError && <ProblemAlert error={findings.error} />}
        {findings.isPending && <Status kind="unknown">Asking…</Status>}
        {summary !== undefined && <Status kind={summary.kind}>{summary.text}</Status>}
        {summary !== undefined && summary.counts.length > 0 && (
          <Group gap="xs">
            {summary.counts.map(([severity, count]) => (
              <Badge
                key={severity}
                variant="light"
                color={severityColours[severity]}
                c="var(--mantine-color-text)"
                tt="none"
              >
                {count} {severity}
              </Badge>
            ))}
          </Group>
        )}
        {data?.lastRunAt !== undefined && (
          <Text size="xs" c="dimmed">
            Last look: <Time at={data.lastRunAt} />
          </Text>
        )}
      </Stack>
    </Card>
  );
}
