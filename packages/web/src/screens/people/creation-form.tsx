/** A form of the configuration, filled in to make an entry. */
import { Checkbox, NumberInput, PasswordInput, Select, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { type ApiOutput, api } from "../../api/client.ts";
import { PreviewedForm } from "../entry/previewed-form.tsx";

type Form = NonNullable<ApiOutput<"GET /clusters/{cluster}/forms">["userCreation"]>;
type Field = Form["fields"][number];
type FieldValue = string | number | boolean;

export interface CreationFormProps {
  readonly cluster: string;
  /** `user`, or a template's. */
  readonly name: string;
  readonly form: Form;
  readonly onClose: () => void;
  readonly onDone: (dn: string) => void;
}

export function CreationForm({ cluster, name, form, onClose, onDone }: CreationFormProps) {
  const [values, setValues] = useState<Readonly<Record<string, FieldValue>>>(() =>
    Object.fromEntries(
      form.fields.flatMap((field) => (field.default === undefined ? [] : [[field.name, field.default]])),
    ),
  );
  const filled = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  const isFilled = form.fields.every(
    ({ name: field, isRequired, autoGenerate }) =>
      !isRequired || autoGenerate !== undefined || filled[field] !== undefined,
  );
  return (
    <PreviewedForm
      content={JSON.stringify(values)}
      isFilled={isFilled}
      send={(preview) =>
        api("POST /clusters/{cluster}/entries/from-form", {
          params: { cluster },
          body: { form: name, values: filled, preview },
        })
      }
      verb="Add"
      onClose={onClose}
      onDone={({ dn }) => {
        notifications.show({ message: `Added ${dn}.` });
        onDone(dn);
      }}
    >
      {form.fields.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          isFirst={field === form.fields[0]}
          value={values[field.name] ?? ""}
          onChange={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
        />
      ))}
    </PreviewedForm>
  );
}

interface FieldInputProps {
  readonly field: Field;
  readonly isFirst: boolean;
  readonly value: FieldValue;
  readonly onChange: (value: FieldValue) => void;
}

function FieldInput({ field, isFirst, value, onChange }: FieldInputProps) {
  const { label, type, isRequired, placeholder, autoGenerate, isReadOnly, options = [] } = field;
  const common = {
    label,
    required: isRequired && autoGenerate === undefined,
    readOnly: isReadOnly,
    placeholder: placeholder ?? (autoGenerate === undefined ? undefined : "filled in by itself"),
    ...(isReadOnly ? ({ variant: "filled" } as const) : {}),
    ...(isFirst ? { "data-autofocus": true } : {}),
  };
  const text = String(value);
  const change = (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value);
  switch (type) {
    case "password":
      return <PasswordInput {...common} autoComplete="new-password" value={text} onChange={change} />;
    case "number":
      return (
        <NumberInput
          {...common}
          value={text}
          allowDecimal={false}
          onChange={(next) => onChange(typeof next === "bigint" ? String(next) : next)}
        />
      );
    case "select":
      return (
        <Select
          {...common}
          data={[...options]}
          value={text === "" ? null : text}
          onChange={(next) => onChange(next ?? "")}
        />
      );
    case "checkbox":
      return (
        <Checkbox label={label} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />
      );
    case "textarea":
      return <Textarea {...common} autosize minRows={2} value={text} onChange={change} />;
    default:
      return <TextInput {...common} type={type === "email" ? "email" : "text"} value={text} onChange={change} />;
  }
}
