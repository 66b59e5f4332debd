/** How far an import is, what went wrong at which line, and what can be done next. */
import { Alert, Anchor, Button, Group, Paper, Progress, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { type ApiOutput, api } from "../../api/client.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Status } from "../../parts/status.tsx";
import { type TableColumn, VirtualTable } from "../../parts/virtual-table.tsx";
import { isActive, type JobJson, stateOf, useJob } from "./use-job.ts";

export interface JobPanelProps {
  readonly id: string;
  /** What can be done with a job that has ended: to apply what was checked. */
  readonly next?: (job: JobJson) => React.ReactNode;
}

type LineError = ApiOutput<"GET /jobs/{id}">["errors"][number] & { readonly key: string };

/** About; so that a sentence can be read to its end. */
const letterPixels = 7.5;

function columnsFor(errors: readonly LineError[]): TableColumn<LineError>[] {
  const width = (least: number, texts: readonly string[]) =>
    `minmax(${Math.ceil(Math.max(least, ...texts.map(({ length }) => length * letterPixels + 24)))}px, 1fr)`;
  return [
    { id: "line", header: "Line", value: ({ line }) => line, width: "90px" },
    {
      ...{ id: "message", header: "What is wrong", value: ({ message }) => message },
      width: width(
        240,
        errors.map(({ message }) => message),
      ),
    },
    {
      ...{ id: "dn", header: "Entry", value: ({ dn }) => dn ?? "" },
      width: width(
        240,
        errors.map(({ dn }) => dn ?? ""),
      ),
    },
  ];
}

export function JobPanel({ id, next }: JobPanelProps) {
  const queryClient = useQueryClient();
  const job = useJob(id);
  const cancel = useMutation({
    mutationFn: () => api("DELETE /jobs/{id}", { params: { id } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["job", id] }),
  });
  const errors = useMemo(
    () => (job.data?.errors ?? []).map((error, index): LineError => ({ ...error, key: String(index) })),
    [job.data],
  );
  const columns = useMemo(() => columnsFor(errors), [errors]);
  if (job.isPending) return <Skeleton height={120} />;
  if (job.isError) return <ProblemAlert error={job.error} onRetry={() => void job.refetch()} />;
  const { title, cluster, progress, options, changeSet, message, errorCount } = job.data;
  const { kind, word } = stateOf(job.data);
  const percent = progress.totalBytes === 0 ? 100 : Math.min(100, (progress.bytes / progress.totalBytes) * 100);
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={2} size="h4" className="break">
            {title}
          </Title>
          <span role="status">
            <Status kind={kind}>{word}</Status>
          </span>
        </Group>
        {isActive(job.data) && (
          <Progress.Root size="lg">
            <Progress.Section value={percent} aria-label="How much of the file is done" />
          </Progress.Root>
        )}
        <Text size="sm">{countsText(job.data)}</Text>
        {message !== undefined && (
          <Alert color="yellow" variant="light" title="It ended before its end">
            {message}
          </Alert>
        )}
        {cancel.isError && <ProblemAlert error={cancel.error} />}
        {errors.length > 0 && (
          <>
            <Text size="sm" fw={600}>
              {errorCount.toLocaleString()} {errorCount === 1 ? "line is" : "lines are"} wrong
              {errorCount > errors.length ? `; the first ${errors.length.toLocaleString()} are shown` : ""}
            </Text>
            <VirtualTable
              label="What is wrong, by line"
              rows={errors}
              columns={columns}
              rowKey={({ key }) => key}
              height="min(45dvh, 480px)"
            />
          </>
        )}
        <Group gap="sm">
          {isActive(job.data) && (
            <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
              Cancel
            </Button>
          )}
          {!isActive(job.data) && next?.(job.data)}
          {!options.dryRun && changeSet !== undefined && (
            <Anchor
              size="sm"
              renderRoot={(props) => (
                <Link to="/c/$cluster/changes" params={{ cluster }} search={{ id: changeSet }} {...props} />
              )}
            >
              Look at what was changed, or undo it
            </Anchor>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}

function countsText({ options: { dryRun }, progress }: JobJson): string {
  const { read, applied, unchanged, failed, inDoubt } = progress;
  const parts = [
    `${read.toLocaleString()} looked at`,
    `${applied.toLocaleString()} ${dryRun ? "can be imported" : "imported"}`,
    ...(unchanged > 0 ? [`${unchanged.toLocaleString()} as they should be already`] : []),
    ...(failed > 0 ? [`${failed.toLocaleString()} ${dryRun ? "cannot be" : "failed"}`] : []),
    ...(inDoubt > 0 ? [`${inDoubt.toLocaleString()} in doubt: the connection was lost meanwhile`] : []),
  ];
  return `${parts.join(", ")}.`;
}
