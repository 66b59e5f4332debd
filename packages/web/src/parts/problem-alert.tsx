/** Why something was not done: a sentence, and in small print what the directory said. */
import { Alert, Button, List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { ProblemError } from "../api/client.ts";

export interface ProblemAlertProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
}

export function ProblemAlert({ error, onRetry }: ProblemAlertProps) {
  const problem = error instanceof ProblemError ? error.problem : undefined;
  const title = error instanceof Error ? error.message : String(error);
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title={title} role="alert">
      <Stack gap="xs" align="flex-start">
        {problem?.errors !== undefined && problem.errors.length > 0 && (
          <List size="sm">
            {problem.errors.map(({ path, message }) => (
              <List.Item key={`${path} ${message}`}>
                <span className="mono">{path}</span> {message}
              </List.Item>
            ))}
          </List>
        )}
        {problem?.ldap !== undefined && (
          <Text size="xs" className="break">
            {problem.ldap.node ?? "The directory"} answered {problem.ldap.name} ({problem.ldap.code})
            {problem.ldap.diagnosticMessage === "" ? "" : `: ${problem.ldap.diagnosticMessage}`}
          </Text>
        )}
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
