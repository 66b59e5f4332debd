/** What the columns of a CSV file are, beside its first rows, and what becomes of a row. */
import { Checkbox, Input, Select, Stack, Table, TagsInput, Text } from "@mantine/core";
import { WideTable } from "../../parts/wide-table.tsx";
import { DnPicker } from "../entry/dn-picker.tsx";
import { useForms } from "../people/people-table.tsx";
import { type KnownAttributes, withChosen } from "../search/use-attributes.ts";
import type { CsvPreview } from "./csv-preview.ts";
import { type CsvSettings, hasDn, likelyMapping } from "./import-settings.ts";

export interface CsvMappingProps {
  readonly cluster: string;
  readonly preview: CsvPreview;
  readonly known: KnownAttributes;
  readonly settings: CsvSettings;
  readonly onChange: (settings: CsvSettings) => void;
}

const maxRowsShown = 3;
const maxOptions = 60;

export function CsvMapping({ cluster, preview, known, settings, onChange }: CsvMappingProps) {
  const forms = useForms(cluster);
  const { mapping, form, objectClasses, parent, rdn, severalValues } = settings;
  const templates = Object.keys(forms.data?.templates ?? {});
  const formNames = [...(forms.data?.userCreation === undefined ? [] : ["user"]), ...templates];
  const fieldsOf = (name: string) =>
    (name === "user" ? forms.data?.userCreation : forms.data?.templates[name])?.fields.map((field) => field.name) ?? [];
  const names = form === "" ? ["dn", ...known.names] : fieldsOf(form);
  const change = (changed: Partial<CsvSettings>) => onChange({ ...settings, ...changed });
  const used = Object.values(mapping).filter((name) => name !== "");
  return (
    <Stack gap="md">
      {formNames.length > 0 && (
        <Select
          label="What a row is"
          data={[
            { value: "", label: "An entry, whose attributes the columns are" },
            ...formNames.map((name) => ({ value: name, label: `The form “${name}”, filled in` })),
          ]}
          value={form}
          allowDeselect={false}
          onChange={(next) => {
            const chosen = next ?? "";
            const candidates = chosen === "" ? ["dn", ...known.names] : fieldsOf(chosen);
            change({ form: chosen, mapping: likelyMapping(preview.header, candidates) });
          }}
          maw={480}
        />
      )}
      <WideTable label="Columns of the file" minWidth={600}>
        <Table withTableBorder verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Column</Table.Th>
              <Table.Th>{form === "" ? "is the attribute" : "is the field"}</Table.Th>
              <Table.Th>First values</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {preview.header.map((column, index) => (
              <Table.Tr key={column}>
                <Table.Th className="break" miw={110}>
                  {column}
                </Table.Th>
                <Table.Td>
                  <Select
                    aria-label={`The column ${column} is`}
                    placeholder="left out"
                    searchable
                    clearable
                    limit={maxOptions}
                    data={withChosen(names, [mapping[column] ?? ""])}
                    value={mapping[column] || null}
                    onChange={(name) => change({ mapping: { ...mapping, [column]: name ?? "" } })}
                    miw={180}
                  />
                </Table.Td>
                <Table.Td maw={360}>
                  <Text size="sm" truncate>
                    {preview.rows
                      .slice(0, maxRowsShown)
                      .map((row) => row[index] ?? "")
                      .filter((cell) => cell !== "")
                      .join(" · ") || "—"}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </WideTable>
      {form === "" && (
        <TagsInput
          label="Object classes of entries that do not name their own"
          placeholder={objectClasses.length === 0 ? "inetOrgPerson" : ""}
          data={[...known.valuesOf("objectClass")]}
          limit={maxOptions}
          value={[...objectClasses]}
          onChange={(chosen) => change({ objectClasses: chosen })}
          maw={560}
        />
      )}
      {!hasDn(settings) && (
        <Input.Wrapper
          label="Below which entry they go"
          description={form === "" ? undefined : "In place of what the form says; it may stay empty."}
          maw={560}
        >
          <DnPicker
            cluster={cluster}
            label="Below which entry they go"
            value={parent}
            onChange={(dn) => change({ parent: dn })}
          />
        </Input.Wrapper>
      )}
      {form === "" && !hasDn(settings) && (
        <Select
          label="What names an entry"
          data={[...new Set(used)]}
          value={used.includes(rdn) ? rdn : null}
          onChange={(name) => change({ rdn: name ?? "" })}
          maw={320}
        />
      )}
      <Checkbox
        label="Several values in a cell are parted by ;"
        checked={severalValues}
        onChange={(event) => change({ severalValues: event.currentTarget.checked })}
      />
    </Stack>
  );
}
