/** A screen: its name, a sentence of help, what can be done, and the rest. */
import { Box, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";

export interface ScreenPageProps {
  readonly title: string;
  /** What the screen is for, in a sentence or two. */
  readonly help?: React.ReactNode;
  readonly actions?: React.ReactNode;
  readonly children: React.ReactNode;
}

export function ScreenPage({ title, help, actions, children }: ScreenPageProps) {
  useDocumentTitle(`${title} · Espalier`);
  return (
    <Stack gap="md" maw="var(--page-width)" mx="auto">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box>
          <Title order={1} size="h2" className="break">
            {title}
          </Title>
          {help !== undefined && (
            <Text size="sm" c="dimmed" maw="70ch">
              {help}
            </Text>
          )}
        </Box>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
