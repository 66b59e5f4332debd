/** Somebody else was quicker: what one read, theirs and mine side by side, and a choice for each value. */
import type { Value } from "@espalier/manager/api";
import {
  Alert,
  Badge,
  Button,
  Checkbox,
  Group,
  Paper,
  SimpleGrid,
  Stack,
  Text,
  Title,
  VisuallyHidden,
} from "@mantine/core";
import { useState } from "react";
import { valueText } from "../../api/values.ts";
import {
  type Choices,
  type ConflictAttribute,
  firstChoices,
  has,
  type Resolution,
  resolutionOf,
  toggled,
} from "./conflict.ts";

export interface ConflictFormProps {
  readonly attributes: readonly ConflictAttribute[];
  /** Whether an attribute has one value at most. */
  readonly isSingle: (name: string) => boolean;
  readonly onBack: () => void;
  readonly onResolved: (resolution: Resolution) => void;
}

export function ConflictForm({ attributes, isSingle, onBack, onResolved }: ConflictFormProps) {
  const [choices, setChoices] = useState<Choices>(() => firstChoices(attributes));
  const resolution = resolutionOf(attributes, choices);
  const choose = (name: string, values: readonly Value[] | undefined) =>
    setChoices((before) => ({ ...before, [name]: values }));
  return (
    <Stack>
      <Alert
        color="yellow"
        variant="light"
        title="Somebody else has changed this entry since you opened it"
        role="alert"
        styles={{ title: { color: "var(--mantine-color-text)" } }}
      >
        What only one of you has changed is chosen already. Decide the rest, for each attribute or each value.
      </Alert>
      {attributes.map((attribute) => (
        <Attribute
          key={attribute.name}
          attribute={attribute}
          chosen={choices[attribute.name]}
          onChoose={(values) => choose(attribute.name, values)}
          onToggle={(value) =>
            choose(attribute.name, toggled(choices[attribute.name], value, isSingle(attribute.name)))
          }
        />
      ))}
      <Group justify="flex-end">
        <Button variant="default" onClick={onBack}>
          Keep mine in the form
        </Button>
        <Button disabled={resolution === undefined} onClick={() => resolution !== undefined && onResolved(resolution)}>
          Look at the change…
        </Button>
      </Group>
    </Stack>
  );
}

interface AttributeProps {
  readonly attribute: ConflictAttribute;
  readonly chosen: readonly Value[] | undefined;
  readonly onChoose: (values: readonly Value[]) => void;
  readonly onToggle: (value: Value) => void;
}

function Attribute({ attribute: { name, read = [], yours, theirs }, chosen, onChoose, onToggle }: AttributeProps) {
  const side = (title: string, values: readonly Value[], verb: string) => (
    <Stack gap={6} role="group" aria-label={`${title}: ${name}`}>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      {values.length === 0 && <Text size="sm">{read.length === 0 ? "nothing" : "removed"}</Text>}
      {values.map((value, index) => (
        <Checkbox
          // biome-ignore lint/suspicious/noArrayIndexKey: two values may look alike, and none moves
          key={index}
          size="sm"
          label={
            <Text size="sm" span className="break">
              {valueText(value)} {!has(read, value) && <New />}
            </Text>
          }
          checked={chosen !== undefined && has(chosen, value)}
          onChange={() => onToggle(value)}
        />
      ))}
      <Button size="compact-sm" variant="default" w="fit-content" onClick={() => onChoose(values)}>
        {verb}
        <VisuallyHidden component="span"> of {name}</VisuallyHidden>
      </Button>
    </Stack>
  );
  return (
    <Paper withBorder p="sm" component="section" aria-label={name}>
      <Title order={3} size="h6" mb={6} className="break">
        {name}
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
        <Stack gap={6}>
          <Text size="xs" c="dimmed">
            As you read it
          </Text>
          {read.length === 0 && <Text size="sm">nothing</Text>}
          {read.map((value, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two values may look alike, and none moves
            <Text key={index} size="sm" className="break">
              {valueText(value)}
            </Text>
          ))}
        </Stack>
        {side("Theirs, as it is now", theirs, "Take theirs")}
        {side("Yours", yours, "Take mine")}
      </SimpleGrid>
      <Text size="sm" mt="sm" className="break" aria-live="polite">
        {chosen === undefined ? (
          <b>To be decided</b>
        ) : chosen.length === 0 ? (
          "It will have no value."
        ) : (
          `It will be: ${chosen.map(valueText).join(", ")}`
        )}
      </Text>
    </Paper>
  );
}

function New() {
  return (
    <Badge size="xs" variant="default" tt="none">
      new
    </Badge>
  );
}
