/** Conditions that hold together: all of them, any of them, or none; and groups of such within. */
import { ActionIcon, Button, Group, Select, Stack, Text } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { type BuilderGroup, type BuilderPart, maxDepth } from "./filter-builder.ts";
import classes from "./filter-group.module.css";
import { FilterRow } from "./filter-row.tsx";
import type { KnownAttributes } from "./use-attributes.ts";
import { newId } from "./use-filter-editor.ts";

export interface FilterGroupProps {
  readonly group: BuilderGroup;
  readonly known: KnownAttributes;
  readonly onChange: (group: BuilderGroup) => void;
  /** Absent for the outermost. */
  readonly onRemove?: () => void;
  readonly depth?: number;
}

const matches = [
  { value: "all", label: "all of these" },
  { value: "any", label: "any of these" },
  { value: "none", label: "none of these" },
] as const;

export function FilterGroup({ group, known, onChange, onRemove, depth = 1 }: FilterGroupProps) {
  const { match, parts } = group;
  const replace = (id: string, next: readonly BuilderPart[]) =>
    onChange({ ...group, parts: parts.flatMap((part) => (part.id === id ? next : [part])) });
  const newRow = (): BuilderPart => ({ kind: "row", id: newId(), attribute: "", condition: "is", value: "" });
  const add = (part: BuilderPart) => onChange({ ...group, parts: [...parts, part] });
  return (
    <fieldset className={`${classes.group} ${depth > 1 ? classes.inner : ""}`}>
      <Stack gap="xs">
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" component="legend" style={{ whiteSpace: "nowrap" }}>
            {depth === 1 ? "Entries match" : "and match"}
          </Text>
          <Select
            aria-label={depth === 1 ? "Entries match" : "The group matches"}
            size="xs"
            data={matches}
            value={match}
            allowDeselect={false}
            onChange={(next) => {
              const chosen = matches.find(({ value }) => value === next);
              if (chosen !== undefined) onChange({ ...group, match: chosen.value });
            }}
            w={150}
          />
          {onRemove !== undefined && (
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              ml="auto"
              aria-label="Remove the group"
              onClick={onRemove}
            >
              <IconX size={16} aria-hidden />
            </ActionIcon>
          )}
        </Group>
        {parts.map((part) =>
          part.kind === "row" ? (
            <FilterRow
              key={part.id}
              row={part}
              known={known}
              onChange={(next) => replace(part.id, [next])}
              onRemove={() => replace(part.id, [])}
            />
          ) : (
            <FilterGroup
              key={part.id}
              group={part}
              known={known}
              onChange={(next) => replace(part.id, [next])}
              onRemove={() => replace(part.id, [])}
              depth={depth + 1}
            />
          ),
        )}
        <Group gap="xs">
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => add(newRow())}
          >
            Condition
          </Button>
          {depth < maxDepth && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconPlus size={14} aria-hidden />}
              onClick={() =>
                add({ kind: "group", id: newId(), match: match === "any" ? "all" : "any", parts: [newRow()] })
              }
            >
              Group
            </Button>
          )}
        </Group>
      </Stack>
    </fieldset>
  );
}
