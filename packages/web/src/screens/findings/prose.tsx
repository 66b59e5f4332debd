/** Explanations of rules: Markdown as far as they use it, which is paragraphs and code. */
import { Code, Stack, Text } from "@mantine/core";

export function Prose({ text }: { readonly text: string }) {
  return (
    <Stack gap="xs">
      {text.split(/\n\s*\n/).map((paragraph) => (
        <Text key={paragraph} size="sm" maw="75ch">
          {paragraph.split("`").map((part, index) =>
            index % 2 === 0 ? (
              part
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text
              <Code key={index}>{part}</Code>
            ),
          )}
        </Text>
      ))}
    </Stack>
  );
}
