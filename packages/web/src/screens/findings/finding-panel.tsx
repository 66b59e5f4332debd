/** All that is known of one finding: what to do, to be copied, and why. */
import { Alert, Button, Code, CopyButton, Group, List, Stack, Text, Title } from "@mantine/core";
import { Time } from "../../parts/time.tsx";
import { Prose } from "./prose.tsx";
import type { Finding } from "./summary.ts";

export function FindingPanel({ finding }: { readonly finding: Finding }) {
  const { rule, subject, path, fix, explanation, references, firstSeen, isStale, suppressed } = finding;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed" className="break">
        {subject}
        {path === "" ? "" : `, ${path}`}. First seen <Time at={firstSeen} />.
      </Text>
      {isStale && (
        <Alert color="gray" title="It may be over">
          What it is about could not be looked at the last time.
        </Alert>
      )}
      {suppressed !== undefined && (
        <Alert color="gray" title="Taken on">
          {suppressed.reason}
          {suppressed.until === undefined ? "" : ` Until ${suppressed.until}.`}
        </Alert>
      )}
      <Group justify="space-between" align="center">
        <Title order={3} size="h6">
          What to do
        </Title>
        <CopyButton value={fix}>
          {({ copied, copy }) => (
            <Button variant="default" size="xs" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Code block className="break" tabIndex={0} role="region" aria-label={`What to do about ${rule}`}>
        {fix}
      </Code>
      <Title order={3} size="h6">
        Why it matters
      </Title>
      <Prose text={explanation} />
      {references.length > 0 && (
        <List size="xs" c="dimmed">
          {references.map((reference) => (
            <List.Item key={reference} className="break">
              {reference}
            </List.Item>
          ))}
        </List>
      )}
    </Stack>
  );
}
