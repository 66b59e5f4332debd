/** The attributes of an entry as a form: required ones first, then those that are set, then others by name. */

import type { Attributes, EntryJson, Value } from "@espalier/manager/api";
import { Button, Collapse, Group, Paper, Select, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type ApiOutput, api } from "../../api/client.ts";
import { valuesOf } from "../../api/values.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { AttributeField } from "./attribute-field.tsx";
import { SaveDialog } from "./save-dialog.tsx";

type FormAttribute = ApiOutput<"GET /clusters/{cluster}/form">["attributes"][number];

export interface AttributesFormProps {
  readonly cluster: string;
  readonly entry: EntryJson;
  /** Of which attributes there are more values than are shown: they are not edited here. */
  readonly cut: Readonly<Record<string, number>>;
  readonly mayWrite: boolean;
  readonly onSaved: () => void;
}

export function AttributesForm({ cluster, entry: current, cut, mayWrite, onSaved }: AttributesFormProps) {
  const [edited, setEdited] = useState<Attributes>({});
  // What is being changed stays as it was read, though it is read again meanwhile: the service tells of what differs.
  const [entry, setEntry] = useState(current);
  if (entry !== current && Object.keys(edited).length === 0) setEntry(current);
  const [added, setAdded] = useState<readonly string[]>([]);
  const [isSaving, setIsSaving] = useState(false);
  const [showsOperational, setShowsOperational] = useState(false);
  const form = useQuery({
    queryKey: ["form", cluster, entry.dn],
    queryFn: ({ signal }) =>
      api("GET /clusters/{cluster}/form", { params: { cluster }, query: { dn: entry.dn }, signal }),
    staleTime: 300_000,
  });
  const rows = useMemo(() => rowsOf(entry.attributes, form.data?.attributes ?? [], added), [entry, form.data, added]);
  const present = new Set(rows.map(({ name }) => name.toLowerCase()));
  const addable = (form.data?.attributes ?? []).filter(
    ({ names, isReadOnly }) => !isReadOnly && !names.some((name) => present.has(name.toLowerCase())),
  );
  const names = Object.keys(edited);
  const isChanged = names.length > 0;
  const readOf = (name: string) => [...valuesOf(entry.attributes, name)];
  /** What is again as it was read is not changed. */
  const change = (name: string, values: Value[]) =>
    setEdited(({ [name]: _, ...rest }) => (isSame(values, readOf(name)) ? rest : { ...rest, [name]: values }));
  // Fields would change their places under somebody's hands when it comes.
  if (form.isPending) return <Skeleton height={300} aria-label="Loading" />;
  return (
    <Stack gap="md">
      {form.isError && <ProblemAlert error={form.error} onRetry={() => void form.refetch()} />}
      <Stack gap="sm">
        {rows.map(({ name, attribute }) => (
          <AttributeField
            key={name}
            cluster={cluster}
            dn={entry.dn}
            name={name}
            attribute={attribute}
            values={edited[name] ?? readOf(name)}
            cut={cut[name]}
            isEditable={
              mayWrite && cut[name] === undefined && attribute?.isReadOnly !== true && attribute?.isNaming !== true
            }
            isChanged={edited[name] !== undefined}
            onChange={(values: Value[]) => change(name, values)}
            onReset={() => change(name, readOf(name))}
          />
        ))}
      </Stack>
      {mayWrite && addable.length > 0 && (
        <Select
          label="Add an attribute"
          placeholder="Type to find one"
          searchable
          data={addable.map(({ name, description }) => ({
            value: name,
            label: description ? `${name} — ${description}` : name,
          }))}
          value={null}
          onChange={(name) => {
            if (name === null) return;
            setAdded((before) => [...before, name]);
            setEdited((before) => ({ ...before, [name]: [""] }));
          }}
          maw={480}
        />
      )}
      {isChanged && (
        <Paper withBorder p="sm" pos="sticky" bottom={0} style={{ zIndex: 2 }}>
          <Group justify="space-between">
            <Text size="sm">
              {names.length === 1 ? `${names[0]} is changed` : `${names.length} attributes are changed`}, and not saved
              yet.
            </Text>
            <Group gap="xs">
              <Button variant="default" onClick={() => setEdited({})}>
                Discard
              </Button>
              <Button onClick={() => setIsSaving(true)}>Look at the change…</Button>
            </Group>
          </Group>
        </Paper>
      )}
      {entry.operational !== undefined && (
        <Stack gap="xs">
          <Button
            variant="subtle"
            size="compact-sm"
            w="fit-content"
            aria-expanded={showsOperational}
            onClick={() => setShowsOperational((before) => !before)}
          >
            {showsOperational ? "Hide" : "Show"} what the server keeps
          </Button>
          <Collapse expanded={showsOperational}>
            <Stack gap="xs">
              {Object.entries(entry.operational).map(([name, values]) => (
                <AttributeField
                  key={name}
                  cluster={cluster}
                  dn={entry.dn}
                  name={name}
                  attribute={undefined}
                  values={values}
                  cut={cut[name]}
                  isEditable={false}
                  isChanged={false}
                  onChange={() => undefined}
                  onReset={() => undefined}
                />
              ))}
            </Stack>
          </Collapse>
        </Stack>
      )}
      {isSaving && (
        <SaveDialog
          cluster={cluster}
          dn={entry.dn}
          version={entry.version}
          read={Object.fromEntries(
            names.map((name) => [name, readOf(name)]).filter(([, values]) => values!.length > 0),
          )}
          wanted={wantedOf(edited)}
          isSingle={(name) =>
            form.data?.attributes.some(
              ({ names: all, isSingleValued }) =>
                isSingleValued === true && all.some((each) => each.toLowerCase() === name.toLowerCase()),
            ) === true
          }
          onClose={() => setIsSaving(false)}
          onSaved={() => {
            setIsSaving(false);
            setEdited({});
            onSaved();
          }}
        />
      )}
    </Stack>
  );
}

function isSame(values: readonly Value[], read: readonly Value[]): boolean {
  return JSON.stringify(values) === JSON.stringify(read);
}

/** Without lines that nothing was written into; an attribute without values is removed. */
function wantedOf(edited: Attributes): Attributes {
  const filled = Object.entries(edited).map(
    ([name, values]) => [name, values.filter((value) => value !== "")] as const,
  );
  return Object.fromEntries(filled.filter(([, values]) => values.length > 0));
}

interface Row {
  readonly name: string;
  readonly attribute: FormAttribute | undefined;
}

function rowsOf(attributes: Attributes, known: readonly FormAttribute[], added: readonly string[]): readonly Row[] {
  const find = (name: string) =>
    known.find(({ names }) => names.some((each) => each.toLowerCase() === name.toLowerCase()));
  const set = Object.keys(attributes).filter((name) => name.toLowerCase() !== "objectclass");
  const isSet = (one: FormAttribute) =>
    set.some((name) => one.names.some((each) => each.toLowerCase() === name.toLowerCase()));
  const required = known
    .filter((one) => one.isRequired && one.editor !== "objectClass" && !isSet(one))
    .map(({ name }) => name);
  const all = [...set, ...required, ...added.filter((name) => !set.includes(name)), "objectClass"];
  const rows = all.map((name) => ({ name, attribute: find(name.split(";")[0] ?? name) }));
  return rows.sort((one, other) => rank(one) - rank(other));
}

function rank({ name, attribute }: Row): number {
  if (name === "objectClass") return 3;
  return attribute?.isRequired === true ? 0 : attribute === undefined ? 2 : 1;
}
