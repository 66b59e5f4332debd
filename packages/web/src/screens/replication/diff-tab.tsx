/** Compares the entries of nodes: some that are chosen by chance, or all. */
import {
  Alert,
  Box,
  Button,
  Group,
  Input,
  MultiSelect,
  NumberInput,
  SegmentedControl,
  Stack,
  Text,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { type TableColumn, VirtualTable } from "../../parts/virtual-table.tsx";
import { DnPicker } from "../entry/dn-picker.tsx";
import { FindingDialog } from "./finding-dialog.tsx";
import { type Diff, type End, type Finding, useDiff } from "./use-diff.ts";

interface Row {
  readonly key: string;
  readonly finding: Finding;
}

/** As other inputs have it below their description. */
const spaced = (input: React.ReactNode) => <Box mt={5}>{input}</Box>;

const columns: TableColumn<Row>[] = [
  { id: "dn", header: "Entry", value: ({ finding }) => finding.dn, width: "minmax(260px, 2fr)" },
  { id: "what", header: "What is wrong", value: ({ finding }) => whatText(finding), width: "minmax(260px, 1fr)" },
  {
    id: "attributes",
    header: "Attributes",
    value: ({ finding }) => attributesText(finding),
    width: "minmax(180px, 1fr)",
  },
];

export function DiffTab({ cluster }: { readonly cluster: string }) {
  const known = useQuery({
    queryKey: ["cluster", cluster],
    queryFn: ({ signal }) => api("GET /clusters/{cluster}", { params: { cluster }, signal }),
  });
  const [kind, setKind] = useState("sample");
  const [sample, setSample] = useState<number | string>(1_000);
  const [base, setBase] = useState("");
  const [nodes, setNodes] = useState<readonly string[]>([]);
  const [opened, setOpened] = useState<Finding>();
  const { diff, start, cancel } = useDiff(cluster);
  const count = Number(sample);
  const isFilled = (kind === "full" || count >= 1) && nodes.length !== 1 && (base === "" || base.includes("="));
  const findings = diff?.findings;
  const rows = useMemo(
    () => findings?.map((finding, index): Row => ({ key: String(index), finding })) ?? [],
    [findings],
  );
  return (
    <Stack>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void start({
            ...(kind === "full" ? { full: true } : { sample: count }),
            ...(base === "" ? {} : { base }),
            ...(nodes.length === 0 ? {} : { nodes: [...nodes] }),
          });
        }}
      >
        <Stack gap="sm">
          <Group gap="md" align="flex-end">
            <SegmentedControl
              aria-label="How much is compared"
              data={[
                { value: "sample", label: "Some, by chance" },
                { value: "full", label: "Every entry" },
              ]}
              value={kind}
              onChange={setKind}
            />
            {kind === "sample" && (
              <NumberInput
                label="How many entries"
                min={1}
                max={100_000}
                allowDecimal={false}
                value={sample}
                onChange={(next) => setSample(typeof next === "bigint" ? Number(next) : next)}
                w={160}
              />
            )}
          </Group>
          <Group gap="md" align="flex-start" grow preventGrowOverflow={false} maw={820}>
            <Input.Wrapper
              label="Below which entry"
              description="All of the cluster, unless said."
              inputContainer={spaced}
              miw={220}
            >
              <DnPicker cluster={cluster} label="Below which entry" value={base} onChange={setBase} />
            </Input.Wrapper>
            <MultiSelect
              label="Nodes"
              description="All, unless said; the others are compared with the first."
              data={known.data?.nodes.map(({ name }) => name) ?? []}
              value={[...nodes]}
              onChange={setNodes}
              error={nodes.length === 1 ? "Choose another one to compare it with." : undefined}
              miw={220}
            />
          </Group>
          <Group>
            <Button type="submit" disabled={!isFilled || diff?.isRunning === true} loading={diff?.isRunning === true}>
              Compare
            </Button>
            {diff?.isRunning === true && (
              <Button variant="default" onClick={cancel}>
                Cancel
              </Button>
            )}
          </Group>
        </Stack>
      </form>
      {diff !== undefined && <DiffState diff={diff} />}
      {rows.length > 0 && (
        <VirtualTable
          label="Where the nodes differ"
          rows={rows}
          columns={columns}
          rowKey={({ key }) => key}
          onOpen={({ finding }) => setOpened(finding)}
          height="min(55dvh, 640px)"
        />
      )}
      {opened !== undefined && (
        <FindingDialog cluster={cluster} finding={opened} onClose={() => setOpened(undefined)} />
      )}
    </Stack>
  );
}

function DiffState({ diff: { isRunning, progress, findings, end, error, isCancelled } }: { readonly diff: Diff }) {
  if (isRunning) {
    return (
      <Stack gap={2}>
        <Text size="sm" role="status">
          {findings.length === 0 ? "No difference so far." : `${findings.length.toLocaleString()} differences so far.`}
        </Text>
        {Object.values(progress).map(({ node, phase, entries }) => (
          <Text key={node} size="sm" c="dimmed">
            {node}: {phase === "reading" ? "read" : "compared"} {entries.toLocaleString()} entries
          </Text>
        ))}
      </Stack>
    );
  }
  if (error !== undefined) return <ProblemAlert error={error} />;
  if (end === undefined) {
    return (
      <Alert
        color="gray"
        variant="light"
        title={isCancelled ? "Cancelled" : "The comparison was broken off"}
        role="status"
      >
        What was found until then is below; what was not looked at is not known.
      </Alert>
    );
  }
  return <Verdict {...end} />;
}

function Verdict({ nodes, entries, compared, onlyOn, differing, complete, problem, ignored }: End) {
  const isEqual = onlyOn + differing === 0;
  const color = !isEqual ? "red" : complete ? "green" : "gray";
  const title = !isEqual
    ? `${(onlyOn + differing).toLocaleString()} differences`
    : complete
      ? "No difference"
      : "No difference in what could be compared";
  if (compared === 0 && isEqual)
    return <Empty title="Nothing was compared">{problem ?? "There are no entries there."}</Empty>;
  return (
    <Alert
      color={color}
      variant="light"
      title={title}
      role="status"
      styles={{ title: { color: "var(--mantine-color-text)" } }}
    >
      <Text size="sm">
        Read {nodes.map((node) => `${(entries[node] ?? 0).toLocaleString()} entries of ${node}`).join(", ")}; compared{" "}
        {compared.toLocaleString()} pairs: {onlyOn.toLocaleString()} on one node only, {differing.toLocaleString()} with
        other values.
      </Text>
      {problem !== undefined && <Text size="sm">{problem}</Text>}
      {ignored.length > 0 && (
        <Text size="xs" className="break">
          Not compared, for servers keep them for themselves: {ignored.join(", ")}
        </Text>
      )}
    </Alert>
  );
}

function whatText(finding: Finding): string {
  if (finding.type === "only_on") return `on ${finding.node}, not on ${finding.missingOn}`;
  return `other values on ${finding.nodes.join(" and ")}`;
}

function attributesText(finding: Finding): string {
  return finding.type === "only_on" ? "" : finding.attributes.map(({ attribute }) => attribute).join(", ");
}
