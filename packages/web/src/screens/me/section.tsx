/** A part of one's own page. */
import { Stack, Text, Title } from "@mantine/core";

export interface SectionProps {
  readonly title: string;
  readonly help?: string;
  readonly children: React.ReactNode;
}

export function Section({ title, help, children }: SectionProps) {
  return (
    <Stack component="section" gap="sm" aria-label={title}>
      <div>
        <Title order={2} size="h4">
          {title}
        </Title>
        {help !== undefined && (
          <Text size="sm" c="dimmed">
            {help}
          </Text>
        )}
      </div>
      {children}
    </Stack>
  );
}
