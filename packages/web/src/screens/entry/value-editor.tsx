/** A value as it is changed, by what its syntax is. */

import type { Value } from "@espalier/manager/api";
import { Button, FileButton, Group, Select, Textarea, TextInput } from "@mantine/core";
import { valueText } from "../../api/values.ts";
import { DnPicker } from "./dn-picker.tsx";
import { PhotoEditor } from "./photo-editor.tsx";

export interface ValueEditorProps {
  readonly cluster: string;
  readonly label: string;
  readonly kind: string;
  readonly value: Value;
  /** It can be seen beside the editor. */
  readonly isShown?: boolean;
  readonly onChange: (value: Value) => void;
}

export function ValueEditor({ cluster, label, kind, value, isShown = false, onChange }: ValueEditorProps) {
  const text = typeof value === "string" ? value : undefined;
  if (kind === "photo") return <PhotoEditor label={label} value={value} onChange={onChange} />;
  if (text === undefined || kind === "binary" || kind === "certificate") {
    return <Bytes label={label} value={value} isShown={isShown} onChange={onChange} />;
  }
  const change = (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value);
  switch (kind) {
    case "dn":
      return <DnPicker cluster={cluster} label={label} value={text} onChange={onChange} />;
    case "lines":
      return <Textarea aria-label={label} autosize minRows={2} value={text} onChange={change} />;
    case "boolean":
      return (
        <Select
          aria-label={label}
          data={["TRUE", "FALSE"]}
          value={text === "" ? null : text.toUpperCase()}
          onChange={(chosen) => onChange(chosen ?? "")}
          clearable
        />
      );
    case "integer":
      // A NumberInput would write 7 for 007, and round what is longer than its numbers.
      return <TextInput aria-label={label} value={text} onChange={change} inputMode="numeric" />;
    default:
      return text.includes("\n") ? (
        <Textarea aria-label={label} autosize value={text} onChange={change} />
      ) : (
        <TextInput aria-label={label} value={text} onChange={change} />
      );
  }
}

function Bytes({ label, value, isShown, onChange }: Omit<ValueEditorProps, "cluster" | "kind">) {
  const choose = async (file: File | null) => {
    if (file !== null) onChange({ base64: await base64Of(file) });
  };
  return (
    <Group gap="xs">
      {isShown !== true && <span>{value === "" ? "nothing yet" : valueText(value)}</span>}
      <FileButton onChange={(file) => void choose(file)}>
        {(props) => (
          <Button size="compact-sm" variant="default" aria-label={`Choose a file for ${label}`} {...props}>
            Choose a file…
          </Button>
        )}
      </FileButton>
    </Group>
  );
}

export async function base64Of(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let start = 0; start < bytes.length; start += 32_768)
    text += String.fromCharCode(...bytes.subarray(start, start + 32_768));
  return btoa(text);
}
