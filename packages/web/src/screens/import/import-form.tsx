/** A file on its way into the directory: chosen, checked, and then imported. */
import { Alert, Button, Group, Loader, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { apiUpload } from "../../api/client.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import type { KnownAttributes } from "../search/use-attributes.ts";
import { CsvMapping } from "./csv-mapping.tsx";
import { type CsvPreview, previewBytes, previewCsv } from "./csv-preview.ts";
import { FileDrop } from "./file-drop.tsx";
import { type ImportSettings, likelyMapping, missingSetting, noCsvSettings, queryOf } from "./import-settings.ts";
import { JobPanel } from "./job-panel.tsx";
import type { JobJson } from "./use-job.ts";

export interface ImportFormProps {
  readonly cluster: string;
  readonly known: KnownAttributes;
  readonly mayWrite: boolean;
  /** Of the address. */
  readonly job: string | undefined;
  readonly onJob: (id: string | undefined) => void;
}

const maxBytes = 256 * 1_024 * 1_024;
const modes = [
  { value: "add", label: "Add; an entry that is there is an error" },
  { value: "update", label: "Add, and update those that are there" },
];

export function ImportForm({ cluster, known, mayWrite, job, onJob }: ImportFormProps) {
  const [file, setFile] = useState<File>();
  const [preview, setPreview] = useState<CsvPreview>();
  const [settings, setSettings] = useState<ImportSettings>({ format: "ldif", mode: "add", csv: noCsvSettings });
  /** What was checked, and how: what is imported is that. */
  const [checked, setChecked] = useState<{ readonly job: string; readonly settings: ImportSettings }>();
  const queryClient = useQueryClient();
  const send = useMutation({
    mutationFn: ({ dryRun, continues }: { readonly dryRun: boolean; readonly continues: boolean }) => {
      const query = queryOf(settings, file!.name, { dryRun, continues });
      const type = settings.format === "csv" ? "text/csv" : "text/ldif";
      return apiUpload("POST /clusters/{cluster}/import", { params: { cluster }, query }, file!, type);
    },
    onSuccess: ({ id }, { dryRun }) => {
      setChecked(dryRun ? { job: id, settings } : undefined);
      void queryClient.invalidateQueries({ queryKey: ["jobs", cluster] });
      onJob(id);
    },
  });
  const take = async (chosen: File, format: ImportSettings["format"]) => {
    const text = format === "csv" ? await chosen.slice(0, previewBytes).text() : "";
    const first = format === "csv" ? previewCsv(text, chosen.size > previewBytes) : undefined;
    const mapping = likelyMapping(first?.header ?? [], ["dn", ...known.names]);
    setFile(chosen);
    setPreview(first);
    setSettings(({ mode, csv }) => ({ format, mode, csv: { ...csv, form: "", mapping } }));
    setChecked(undefined);
    send.reset();
    onJob(undefined);
  };
  const missing = file === undefined ? undefined : missingSetting(settings, preview);
  const isTooLarge = file !== undefined && file.size > maxBytes;
  const importNow = ({ id, state, progress, options }: JobJson) => {
    if (!options.dryRun || file === undefined || checked?.job !== id || checked.settings !== settings) return null;
    if (state !== "done" || progress.applied === 0) return null;
    const wrong = progress.failed;
    return mayWrite ? (
      <Button loading={send.isPending} onClick={() => send.mutate({ dryRun: false, continues: wrong > 0 })}>
        {wrong > 0
          ? `Import ${progress.applied.toLocaleString()}, leave out ${wrong.toLocaleString()}`
          : `Import ${progress.applied.toLocaleString()}`}
      </Button>
    ) : (
      <Text size="sm" c="dimmed">
        You may check files here, but not import them.
      </Text>
    );
  };
  return (
    <Stack>
      <FileDrop file={file} onChoose={(chosen) => void take(chosen, formatOf(chosen))} />
      {file !== undefined && (
        <>
          <Group gap="md" align="flex-end">
            <SegmentedControl
              aria-label="Format of the file"
              data={[
                { value: "ldif", label: "LDIF" },
                { value: "csv", label: "CSV" },
              ]}
              value={settings.format}
              onChange={(format) => void take(file, format === "csv" ? "csv" : "ldif")}
            />
            <Select
              label="What to do"
              data={modes}
              value={settings.mode}
              allowDeselect={false}
              onChange={(mode) => setSettings((before) => ({ ...before, mode: mode === "update" ? "update" : "add" }))}
              style={{ flex: "1 1 280px" }}
              maw={520}
            />
          </Group>
          {preview !== undefined && preview.header.length > 0 && (
            <CsvMapping
              cluster={cluster}
              preview={preview}
              known={known}
              settings={settings.csv}
              onChange={(csv) => setSettings((before) => ({ ...before, csv }))}
            />
          )}
          {isTooLarge && (
            <Alert color="red" variant="light" title="The file is too large">
              It may have 256 MiB. Split it, and import the parts one after the other.
            </Alert>
          )}
          {missing !== undefined && <Text size="sm">{missing}</Text>}
          <Group>
            <Button
              disabled={missing !== undefined || isTooLarge}
              loading={send.isPending}
              variant={checked === undefined ? "filled" : "default"}
              onClick={() => send.mutate({ dryRun: true, continues: true })}
            >
              Check the file
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {send.isPending ? (
                <>
                  <Loader size="xs" aria-hidden /> The file is being sent…
                </>
              ) : (
                "Nothing is written yet: every entry is compared with the schema and with what is there."
              )}
            </Text>
          </Group>
          {send.isError && <ProblemAlert error={send.error} />}
        </>
      )}
      {job !== undefined && <JobPanel key={job} id={job} next={importNow} />}
    </Stack>
  );
}

function formatOf({ name, type }: File): ImportSettings["format"] {
  return /\.(?:csv|tsv)$/i.test(name) || type === "text/csv" ? "csv" : "ldif";
}
