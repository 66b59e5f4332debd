/** One attribute: its name, what it is, and its values. */

import type { Value } from "@espalier/manager/api";
import { ActionIcon, Badge, Button, Group, Text } from "@mantine/core";
import { IconArrowBackUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useId } from "react";
import type { ApiOutput } from "../../api/client.ts";
import classes from "./attribute-field.module.css";
import { ValueEditor } from "./value-editor.tsx";
import { ValueView } from "./value-view.tsx";

type FormAttribute = ApiOutput<"GET /clusters/{cluster}/form">["attributes"][number];

export interface AttributeFieldProps {
  readonly cluster: string;
  readonly dn: string;
  readonly name: string;
  readonly attribute: FormAttribute | undefined;
  readonly values: readonly Value[];
  readonly cut: number | undefined;
  readonly isEditable: boolean;
  readonly isChanged: boolean;
  readonly onChange: (values: Value[]) => void;
  readonly onReset: () => void;
}

export function AttributeField(props: AttributeFieldProps) {
  const { cluster, dn, name, attribute, values, cut, isEditable, isChanged, onChange, onReset } = props;
  const id = useId();
  const isSingle = attribute?.isSingleValued === true;
  const shown = values.length === 0 && isEditable ? [""] : values;
  /** Is shown as it is stored, or can be downloaded, beside what is chosen in its place. */
  const isFile = (value: Value) => typeof value === "object" && attribute?.editor !== "photo";
  const put = (index: number, value: Value) => onChange(shown.map((before, at) => (at === index ? value : before)));
  return (
    <div className={classes.field} role="group" aria-labelledby={id}>
      <div className={classes.name}>
        <Text id={id} size="sm" fw={600} className="break" title={attribute?.description}>
          {name}
        </Text>
        <Group gap={4}>
          {(attribute?.isRequired === true || attribute?.isNaming === true) && (
            <Text size="xs" c="dimmed">
              {attribute.isNaming ? "names the entry: use Rename" : "required"}
            </Text>
          )}
          {isChanged && (
            <>
              <Badge size="xs" tt="none">
                changed
              </Badge>
              <ActionIcon size="xs" variant="subtle" aria-label={`Take back the change of ${name}`} onClick={onReset}>
                <IconArrowBackUp size={12} aria-hidden />
              </ActionIcon>
            </>
          )}
        </Group>
      </div>
      <div className={classes.values}>
        {shown.map((value, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two values may be alike, and none moves
          <div key={index} className={classes.value}>
            {isEditable && !(typeof value === "object" && "hidden" in value) ? (
              <>
                <div className={classes.editor}>
                  {isFile(value) && !isChanged && (
                    <ValueView
                      cluster={cluster}
                      dn={dn}
                      name={name}
                      index={index}
                      value={value}
                      kind={attribute?.editor}
                    />
                  )}
                  <ValueEditor
                    cluster={cluster}
                    label={shown.length === 1 ? name : `${name}, value ${index + 1}`}
                    kind={attribute?.editor ?? "text"}
                    value={value}
                    isShown={isFile(value) && !isChanged}
                    onChange={(next) => put(index, next)}
                  />
                </div>
                {!isSingle && shown.length > 1 && (
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size="lg"
                    aria-label={`Remove value ${index + 1} of ${name}`}
                    onClick={() => onChange(shown.filter((_, at) => at !== index))}
                  >
                    <IconTrash size={16} aria-hidden />
                  </ActionIcon>
                )}
              </>
            ) : (
              <ValueView cluster={cluster} dn={dn} name={name} index={index} value={value} kind={attribute?.editor} />
            )}
          </div>
        ))}
        {cut !== undefined && (
          <Text size="sm" c="dimmed">
            {values.length.toLocaleString()} of {cut.toLocaleString()} values are shown
          </Text>
        )}
        {isEditable && !isSingle && attribute?.editor !== "password" && (
          <Button
            size="compact-xs"
            variant="subtle"
            w="fit-content"
            leftSection={<IconPlus size={12} aria-hidden />}
            onClick={() => onChange([...shown, ""])}
          >
            Add a value<span className={classes.hidden}> of {name}</span>
          </Button>
        )}
      </div>
    </div>
  );
}
