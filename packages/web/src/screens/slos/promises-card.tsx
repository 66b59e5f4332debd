/** On the home screen: the promises that are in danger; nothing where no Prometheus is configured. */
import { Anchor, Card, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMayAnywhere } from "../../app/session.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Status } from "../../parts/status.tsx";
import { useSlos } from "./use-slos.ts";
import { budgetText, inDanger, summaryOf, verdictOf } from "./verdict.ts";

export function PromisesCard() {
  const slos = useSlos();
  const { data } = slos;
  if (!useMayAnywhere("audit") || slos.isPending || data?.state === "off") return null;
  const summary = data && summaryOf(data);
  return (
    <Card withBorder padding="md" component="section" aria-label="Promises">
      <Stack gap="xs">
        <Title order={2} size="h4">
          <Anchor inherit renderRoot={(props) => <Link to="/slos" {...props} />}>
            Promises
          </Anchor>
        </Title>
        {slos.isError && <ProblemAlert error={slos.error} />}
        {summary !== undefined && <Status kind={summary.kind}>{summary.text}</Status>}
        {data?.problem !== undefined && (
          <Text size="xs" c="dimmed" className="break">
            {data.problem}
          </Text>
        )}
        {inDanger(data?.objectives ?? []).map((slo) => (
          <Group key={slo.name} justify="space-between" gap="xs">
            <Status kind={verdictOf(slo).kind}>{slo.name}</Status>
            <Text size="xs" c="dimmed">
              {verdictOf(slo).text.toLowerCase()}
              {slo.budgetLeft === undefined ? "" : `, ${budgetText(slo.budgetLeft)}`}
            </Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
