/** The filter as text (RFC 4515), with where it cannot be read. */
import { Code, Text, Textarea } from "@mantine/core";
import type { FilterEditor } from "./use-filter-editor.ts";
import { everything } from "./use-filter-editor.ts";

export interface RawFilterProps {
  readonly editor: FilterEditor;
  readonly onChange: (text: string) => void;
  readonly onSearch: () => void;
}

/** Characters before and behind a mistake that are shown with it. */
const around = 24;

export function RawFilter({ editor: { text, mistake }, onChange, onSearch }: RawFilterProps) {
  return (
    <Textarea
      label="The same as an LDAP filter"
      description="Type here or use the rows: each follows the other. Enter searches."
      placeholder={everything}
      classNames={{ input: "mono" }}
      autosize
      minRows={2}
      maxRows={10}
      spellCheck={false}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || event.shiftKey) return;
        event.preventDefault();
        onSearch();
      }}
      error={mistake !== undefined && <Mistake text={text} {...mistake} />}
      inputWrapperOrder={["label", "description", "input", "error"]}
    />
  );
}

function Mistake({
  text,
  message,
  offset,
}: {
  readonly text: string;
  readonly message: string;
  readonly offset: number;
}) {
  const before = text.slice(Math.max(0, offset - around), offset);
  const at = text.slice(offset, offset + 1);
  const behind = text.slice(offset + 1, offset + around);
  return (
    <>
      <Text span inherit>
        At character {offset + 1}: {message}.
      </Text>
      {text !== "" && (
        <Code className="break" display="block" mt={4}>
          {offset > around ? "…" : ""}
          {before}
          <mark>{at === "" ? "▏" : at}</mark>
          {behind}
          {offset + around < text.length ? "…" : ""}
        </Code>
      )}
    </>
  );
}
