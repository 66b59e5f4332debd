/** One promise: what is promised and kept, what is left of the budget, and how fast it goes. */
import { Alert, Card, Group, Progress, Stack, Table, Text, Title } from "@mantine/core";
import { LineChart } from "../../parts/line-chart.tsx";
import { Status, type StatusKind } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { WideTable } from "../../parts/wide-table.tsx";
import { budgetText, percent, type Slo, verdictOf } from "./verdict.ts";

export interface SloCardProps {
  readonly slo: Slo;
  /** What was left of the budget; undefined until it has come. */
  readonly history: readonly { readonly at: number; readonly value: number | undefined }[] | undefined;
}

const barColours: Readonly<Record<StatusKind, string>> = {
  good: "leaf",
  warning: "yellow",
  bad: "red",
  unknown: "gray",
};

export function SloCard({ slo, history }: SloCardProps) {
  const { name, description, period, target, attained, budgetLeft, events, windows, alerts, problem } = slo;
  const verdict = verdictOf(slo);
  return (
    <Card withBorder padding="md" component="section" aria-label={name}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={2} size="h4" className="break">
            {name}
          </Title>
          <Status kind={verdict.kind}>{verdict.text}</Status>
        </Group>
        {description !== undefined && <Text size="sm">{description}</Text>}
        {problem !== undefined && (
          <Alert color="gray" variant="light">
            {problem}
          </Alert>
        )}
        {alerts.map(({ name: alert, severity, window, state, since, summary }) => (
          <Alert
            key={`${alert} ${window ?? ""}`}
            color={state === "pending" ? "gray" : severity === "page" ? "red" : "yellow"}
            variant="light"
            p="xs"
            title={`${state === "firing" ? "Alert" : "Alert to come"} (${severity})`}
            styles={{ title: { color: "var(--mantine-color-text)" } }}
          >
            {summary}
            {window === undefined ? "" : `, over ${window}`}, since <Time at={since} />
          </Alert>
        ))}
        <Stack gap={4}>
          <Group justify="space-between" gap="xs">
            <Text size="sm">
              {budgetLeft === undefined ? (
                "What is left of the budget is not known"
              ) : (
                <>
                  Budget{period === undefined ? "" : ` of ${period}`}: <b>{budgetText(budgetLeft)}</b>
                </>
              )}
            </Text>
            <Text size="sm" c="dimmed">
              {attained === undefined ? "" : `kept to ${percent(attained)}`}
              {attained !== undefined && target !== undefined ? ", " : ""}
              {target === undefined ? "" : `${percent(target)} promised`}
            </Text>
          </Group>
          {budgetLeft !== undefined && (
            <Progress
              value={Math.max(0, Math.min(100, budgetLeft * 100))}
              color={barColours[verdict.kind]}
              aria-label={`Budget left of ${name}`}
            />
          )}
          {events !== undefined && (
            <Text size="xs" c="dimmed">
              Of {Math.round(events).toLocaleString()} events
            </Text>
          )}
        </Stack>
        <BurnRates name={name} windows={windows} />
        {history !== undefined && (
          <LineChart label="Budget left" points={history} unit="%" top={100} extreme="lowest" />
        )}
      </Stack>
    </Card>
  );
}

function BurnRates({ name, windows }: Pick<Slo, "name" | "windows">) {
  const label = `How fast the budget of ${name} goes`;
  return (
    <WideTable label={label} minWidth={420}>
      <Table aria-label={label} verticalSpacing={2} fz="xs" layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={86}>In the last</Table.Th>
            {windows.map(({ window }) => (
              <Table.Th key={window} ta="right">
                {window}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Table.Tr>
            <Table.Th>it goes</Table.Th>
            {windows.map(({ window, burnRate }) => (
              <Table.Td key={window} ta="right" c={burnRate === undefined ? "dimmed" : undefined}>
                {burnRate === undefined ? (
                  "?"
                ) : (
                  <Text inherit span fw={burnRate > 1 ? 700 : 400}>
                    {rateText(burnRate)}
                  </Text>
                )}
              </Table.Td>
            ))}
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </WideTable>
  );
}

/** Once is as fast as the period allows. */
function rateText(burnRate: number): string {
  const digits = burnRate < 10 ? 1 : 0;
  return `${burnRate.toLocaleString(undefined, { maximumFractionDigits: digits })} ×`;
}
