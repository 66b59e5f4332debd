/** What is wrong with what runs, and how it is put right. */
import { Accordion, Alert, Badge, Button, Group, List, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { api } from "../../api/client.ts";
import { useMayAnywhere } from "../../app/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { severityColours } from "../../parts/event-list.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { Status } from "../../parts/status.tsx";
import { Time } from "../../parts/time.tsx";
import { FindingPanel } from "./finding-panel.tsx";
import { type Finding, type Findings as FindingsJson, open, summaryOf } from "./summary.ts";
import { findingsKey, useFindings } from "./use-findings.ts";

export default function Findings() {
  const findings = useFindings();
  const mayAudit = useMayAnywhere("audit");
  const mayLook = useMayAnywhere("admin");
  const queries = useQueryClient();
  const look = useMutation({
    mutationFn: () => api("POST /findings/check-now", {}),
    onSuccess: (data) => queries.setQueryData(findingsKey, data),
  });
  const { data } = findings;
  const actions = mayLook && data !== undefined && data.state !== "off" && (
    <Button variant="default" loading={look.isPending} onClick={() => look.mutate()}>
      Look now
    </Button>
  );
  return (
    <ScreenPage
      title="Findings"
      help="What is wrong with what runs: certificates, servers, replication, disks, backups. Each says why it matters and how it is put right."
      actions={actions}
    >
      {!mayAudit && (
        <Empty title="Findings are for auditors and administrators">Ask for the role auditor on a cluster.</Empty>
      )}
      {mayAudit && findings.isPending && <Skeleton height={240} />}
      {findings.isError && <ProblemAlert error={findings.error} onRetry={() => void findings.refetch()} />}
      {look.isError && <ProblemAlert error={look.error} />}
      {data !== undefined && <Found findings={data} />}
    </ScreenPage>
  );
}

function Found({ findings }: { readonly findings: FindingsJson }) {
  const summary = summaryOf(findings, Date.now());
  const counting = open(findings);
  const taken = findings.findings.filter(({ suppressed }) => suppressed !== undefined);
  const isWell = summary.kind === "good";
  return (
    <Stack gap="md">
      <Group gap="sm">
        <Status kind={summary.kind}>{summary.text}</Status>
        {findings.lastRunAt !== undefined && (
          <Text size="sm" c="dimmed">
            Last look: <Time at={findings.lastRunAt} />
            {findings.isRunning ? ", and looking now" : ""}
          </Text>
        )}
      </Group>
      {isWell && (
        <Empty title="Nothing is wrong">Everything that the configuration names was looked at, and is well.</Empty>
      )}
      {findings.state === "off" && (
        <Empty title="Whether anything is wrong is not known">
          This process makes no checks. `espalier up` makes them, and `espalier check --live` makes them once.
        </Empty>
      )}
      {findings.unreadable.length > 0 && <Unreadable findings={findings} />}
      {counting.length > 0 && <FindingList findings={counting} label="Findings" />}
      {taken.length > 0 && (
        <Stack gap="xs" component="section">
          <Title order={2} size="h4">
            Taken on
          </Title>
          <FindingList findings={taken} label="Taken on" />
        </Stack>
      )}
    </Stack>
  );
}

function Unreadable({ findings: { unreadable } }: { readonly findings: FindingsJson }) {
  return (
    <Alert color="gray" title="This could not be looked at">
      <List size="sm">
        {unreadable.map(({ subject, message }) => (
          <List.Item key={`${subject} ${message}`} className="break">
            <b>{subject}</b>: {message}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

/** The one that is open is in the address. */
function FindingList({ findings, label }: { readonly findings: readonly Finding[]; readonly label: string }) {
  const { id } = useSearch({ from: "/findings" });
  const navigate = useNavigate();
  const opened = findings.find((each) => each.id === id)?.id ?? null;
  const show = (chosen: string | null) =>
    void navigate({ to: "/findings", search: chosen === null ? {} : { id: chosen }, replace: true });
  return (
    <Accordion variant="separated" value={opened} onChange={show} aria-label={label} order={2}>
      {findings.map((finding) => (
        <Accordion.Item key={finding.id} value={finding.id}>
          <Accordion.Control>
            <Group gap="sm" wrap="nowrap" align="flex-start">
              <Badge
                variant="light"
                color={severityColours[finding.severity]}
                c="var(--mantine-color-text)"
                size="sm"
                w={76}
                style={{ flex: "none" }}
                tt="none"
              >
                {finding.severity}
              </Badge>
              <Text size="sm" component="span" className="break">
                <b>{finding.rule}</b> {finding.message}
                {finding.isStale ? " (could not be looked at the last time)" : ""}
              </Text>
            </Group>
          </Accordion.Control>
          <Accordion.Panel>
            <FindingPanel finding={finding} />
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}
