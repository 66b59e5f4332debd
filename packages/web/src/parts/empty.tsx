/** In the place of what is not there: what that means, and what to do. */
import { Stack, Text, Title } from "@mantine/core";

export interface EmptyProps {
  readonly title: string;
  readonly children?: React.ReactNode;
}

export function Empty({ title, children }: EmptyProps) {
  return (
    <Stack align="center" gap="xs" py="xl" ta="center">
      <Title order={2} size="h4">
        {title}
      </Title>
      {typeof children === "string" ? <Text c="dimmed">{children}</Text> : children}
    </Stack>
  );
}
