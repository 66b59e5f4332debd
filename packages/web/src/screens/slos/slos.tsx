/** What is promised of the services, and how much may still fail of it: service level objectives. */
import { Code, SegmentedControl, SimpleGrid, Skeleton, Stack, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { api } from "../../api/client.ts";
import { useMayAnywhere } from "../../app/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ScreenPage } from "../../parts/screen-page.tsx";
import { Status } from "../../parts/status.tsx";
import { SloCard } from "./slo-card.tsx";
import { useSlos } from "./use-slos.ts";
import { inOrder, type Slos as SlosJson, summaryOf } from "./verdict.ts";

const ranges = [
  { value: "day", label: "Day" },
  { value: "week", label: "Week" },
  { value: "month", label: "Month" },
] as const;
type Range = (typeof ranges)[number]["value"];
const historyRefreshMs = 300_000;

export default function Slos() {
  const slos = useSlos();
  const mayAudit = useMayAnywhere("audit");
  return (
    <ScreenPage
      title="Promises"
      help="Service level objectives: what share of events goes well, and how much of what may fail is left. A budget that goes at 1 × lasts exactly as long as its period."
    >
      {!mayAudit && (
        <Empty title="Promises are for auditors and administrators">Ask for the role auditor on a cluster.</Empty>
      )}
      {mayAudit && slos.isPending && <Skeleton height={240} />}
      {slos.isError && <ProblemAlert error={slos.error} onRetry={() => void slos.refetch()} />}
      {slos.data !== undefined && <Found slos={slos.data} />}
    </ScreenPage>
  );
}

function Found({ slos }: { readonly slos: SlosJson }) {
  const { range: given } = useSearch({ from: "/slos" });
  const range: Range = ranges.find(({ value }) => value === given)?.value ?? "week";
  const navigate = useNavigate();
  const isKnown = slos.state === "known" && slos.objectives.length > 0;
  const history = useQuery({
    queryKey: ["slos", "history", range],
    enabled: isKnown,
    queryFn: ({ signal }) => api("GET /slos/history", { query: { range }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: historyRefreshMs,
  });
  const summary = summaryOf(slos);
  if (!isKnown) return <Nothing slos={slos} />;
  return (
    <Stack gap="md">
      <Status kind={summary.kind}>{summary.text}</Status>
      {history.isError && <ProblemAlert error={history.error} onRetry={() => void history.refetch()} />}
      <SegmentedControl
        aria-label="How much time the charts show"
        data={[...ranges]}
        value={range}
        onChange={(chosen) => void navigate({ to: "/slos", search: { range: chosen }, replace: true })}
        w={{ base: "100%", xs: "fit-content" }}
      />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {inOrder(slos.objectives).map((slo) => (
          <SloCard key={slo.name} slo={slo} history={pointsOf(history.data, slo.name)} />
        ))}
      </SimpleGrid>
    </Stack>
  );
}

type History = Awaited<ReturnType<typeof api<"GET /slos/history">>>;

function pointsOf(history: History | undefined, name: string) {
  if (history === undefined) return undefined;
  const found = history.objectives.find((each) => each.name === name)?.budgetLeft ?? [];
  return found.map((left, index) => ({
    at: history.from + index * history.stepMs,
    value: left === null ? undefined : left * 100,
  }));
}

/** In the place of promises: why there are none, and what to do. */
function Nothing({ slos: { state, problem } }: { readonly slos: SlosJson }) {
  if (state === "away") {
    return (
      <Empty title="Whether promises are kept is not known">
        <Text c="dimmed" className="break" maw="70ch">
          {problem}
        </Text>
      </Empty>
    );
  }
  const [title, text, code] = state === "off" ? notConfigured : noRules;
  return (
    <Empty title={title}>
      <Text c="dimmed" maw="70ch">
        {text}
      </Text>
      <Code block ta="left" maw="100%" tabIndex={0}>
        {code}
      </Code>
    </Empty>
  );
}

const notConfigured = [
  "No Prometheus is configured",
  "Promises are reckoned by Prometheus, with the rules of `espalier slo generate`. Name it in espalier.yaml:",
  "manager:\n  prometheus:\n    url: http://127.0.0.1:9090",
] as const;

const noRules = [
  "Prometheus has no promises",
  "Write its rules, name their file under rule_files of prometheus.yml, and let Prometheus read it again:",
  "espalier slo generate deploy/slo/espalier.yaml --output slo-rules.yml",
] as const;
