/** The same edits in many entries, looked at first. */
import { ActionIcon, Button, Group, Modal, Paper, Select, Stack, TagsInput, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { type ApiInput, type ApiOutput, api } from "../../api/client.ts";
import { PreviewedForm } from "../entry/previewed-form.tsx";
import { type KnownAttributes, withChosen } from "./use-attributes.ts";
import { newId } from "./use-filter-editor.ts";

type BulkBody = ApiInput<"POST /clusters/{cluster}/bulk">["body"];
type Outcome = ApiOutput<"POST /clusters/{cluster}/bulk">;

export interface BulkEditProps {
  readonly cluster: string;
  readonly known: KnownAttributes;
  readonly select: BulkBody["select"];
  /** What is edited, for people: `12 entries`. */
  readonly what: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

const actions = [
  { value: "add", label: "add" },
  { value: "remove", label: "remove" },
  { value: "replace", label: "replace all by" },
  { value: "clear", label: "remove all values" },
] as const;

interface Edit {
  readonly id: string;
  readonly attribute: string;
  readonly action: (typeof actions)[number]["value"];
  readonly values: readonly string[];
}

const maxOptions = 60;
const maxRefusedShown = 20;

function newEdit(): Edit {
  return { id: newId(), attribute: "", action: "add", values: [] };
}

function isFilled({ attribute, action, values }: Edit): boolean {
  return attribute !== "" && (action === "clear" || values.length > 0);
}

export function BulkEdit({ cluster, known, select, what, onClose, onDone }: BulkEditProps) {
  const [edits, setEdits] = useState<readonly Edit[]>(() => [newEdit()]);
  const [looked, setLooked] = useState<Outcome>();
  const change = (id: string, changed: Partial<Edit>) => {
    setLooked(undefined);
    setEdits((before) => before.map((edit) => (edit.id === id ? { ...edit, ...changed } : edit)));
  };
  const edit = edits.map(({ attribute, action, values }) => ({ attribute, action, values: [...values] }));
  return (
    <Modal opened onClose={onClose} title={`Change ${what}`} size="xl">
      <PreviewedForm<Outcome>
        content={JSON.stringify(edit)}
        isFilled={edits.every(isFilled)}
        send={async (preview, previewed) => {
          const expected = previewed === undefined ? {} : { expected: previewed.counts.changed };
          const body = { select, edit, preview, ...expected };
          const outcome = await api("POST /clusters/{cluster}/bulk", { params: { cluster }, body });
          if (preview) setLooked(outcome);
          return outcome;
        }}
        verb={`Change ${looked?.counts.changed?.toLocaleString() ?? "them"}`}
        onClose={onClose}
        onDone={({ counts }) => {
          notifications.show({
            message: `Changed ${(counts.applied ?? counts.changed ?? 0).toLocaleString()} entries.`,
          });
          onDone();
        }}
      >
        {edits.map((each) => (
          <Paper key={each.id} withBorder p="xs">
            <Group gap="xs" align="flex-end">
              <Select
                label="Attribute"
                searchable
                limit={maxOptions}
                data={withChosen(known.names, [each.attribute])}
                value={each.attribute === "" ? null : each.attribute}
                onChange={(attribute) => change(each.id, { attribute: attribute ?? "" })}
                style={{ flex: "1 1 180px" }}
              />
              <Select
                label="What"
                allowDeselect={false}
                data={actions}
                value={each.action}
                onChange={(action) => {
                  const chosen = actions.find(({ value }) => value === action);
                  if (chosen !== undefined) {
                    change(each.id, {
                      action: chosen.value,
                      values: chosen.value === "clear" ? [] : each.values,
                    });
                  }
                }}
                style={{ flex: "1 1 160px" }}
              />
              {each.action !== "clear" && (
                <TagsInput
                  label="Values"
                  placeholder="Enter after each"
                  splitChars={[]}
                  acceptValueOnBlur
                  data={[...known.valuesOf(each.attribute)]}
                  value={[...each.values]}
                  onChange={(values) => change(each.id, { values })}
                  style={{ flex: "2 1 220px" }}
                />
              )}
              {edits.length > 1 && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="lg"
                  aria-label={`Remove the edit of ${each.attribute || "no attribute yet"}`}
                  onClick={() => {
                    setLooked(undefined);
                    setEdits((before) => before.filter(({ id }) => id !== each.id));
                  }}
                >
                  <IconX size={16} aria-hidden />
                </ActionIcon>
              )}
            </Group>
          </Paper>
        ))}
        <Button
          size="compact-sm"
          variant="default"
          w="fit-content"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => {
            setLooked(undefined);
            setEdits((before) => [...before, newEdit()]);
          }}
        >
          Another attribute
        </Button>
        {looked !== undefined && <Counted outcome={looked} />}
      </PreviewedForm>
    </Modal>
  );
}

function Counted({ outcome: { counts, refused } }: { readonly outcome: Outcome }) {
  const number = (key: string) => (counts[key] ?? 0).toLocaleString();
  return (
    <Stack gap={4} role="status">
      <Text size="sm">
        {number("changed")} of {number("selected")} would change; {number("unchanged")} are that way already;{" "}
        {number("refused")} are left as they are.
      </Text>
      {refused.slice(0, maxRefusedShown).map(({ dn, reason }) => (
        <Text key={dn} size="xs" className="break">
          {dn}: {reason}
        </Text>
      ))}
      {refused.length > maxRefusedShown && (
        <Text size="xs" c="dimmed">
          {(refused.length - maxRefusedShown).toLocaleString()} more are left as they are.
        </Text>
      )}
    </Stack>
  );
}
