/** One condition of a search: which attribute, how it is compared, and with what. */
import { ActionIcon, Autocomplete, Select } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { type BuilderRow, conditions, takesValue } from "./filter-builder.ts";
import classes from "./filter-group.module.css";
import { type KnownAttributes, withChosen } from "./use-attributes.ts";

export interface FilterRowProps {
  readonly row: BuilderRow;
  readonly known: KnownAttributes;
  readonly onChange: (row: BuilderRow) => void;
  readonly onRemove: () => void;
}

const maxOptions = 60;
const data = conditions.map(({ value, label }) => ({ value, label }));

export function FilterRow({ row, known, onChange, onRemove }: FilterRowProps) {
  const { attribute, condition, value } = row;
  const isValued = takesValue(condition);
  return (
    <div className={classes.row}>
      <Select
        aria-label="Attribute"
        placeholder="Attribute"
        searchable
        limit={maxOptions}
        data={withChosen(known.names, [attribute])}
        value={attribute === "" ? null : attribute}
        onChange={(next) => onChange({ ...row, attribute: next ?? "" })}
        nothingFoundMessage="The schema has none of that name."
        className={classes.attribute}
      />
      <Select
        aria-label="Condition"
        data={data}
        value={condition}
        allowDeselect={false}
        onChange={(next) => {
          const chosen = conditions.find((each) => each.value === next);
          if (chosen !== undefined) {
            onChange({ ...row, condition: chosen.value, value: chosen.takesValue ? value : "" });
          }
        }}
        className={classes.condition}
      />
      {isValued && (
        <Autocomplete
          aria-label="Value"
          placeholder={known.exampleOf(attribute) ?? "Value"}
          limit={maxOptions}
          data={[...known.valuesOf(attribute)]}
          value={value}
          onChange={(next) => onChange({ ...row, value: next })}
          className={classes.value}
        />
      )}
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={`Remove the condition on ${attribute || "no attribute yet"}`}
        onClick={onRemove}
        className={classes.remove}
      >
        <IconX size={16} aria-hidden />
      </ActionIcon>
    </div>
  );
}
