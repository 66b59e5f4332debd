/** What is taken out of the directory, as a file. */
import { ParseError, parseFilter } from "@espalier/ldap";
import {
  Box,
  Button,
  Checkbox,
  Group,
  Input,
  SegmentedControl,
  Select,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { apiUrl } from "../../api/client.ts";
import { DnPicker } from "../entry/dn-picker.tsx";
import { type Scope, scopeOf, scopes } from "../search/search-address.ts";
import type { KnownAttributes } from "../search/use-attributes.ts";

export interface ExportFormProps {
  readonly cluster: string;
  readonly known: KnownAttributes;
  readonly mayReveal: boolean;
}

const maxOptions = 60;
/** As other inputs have it below their description. */
const spaced = (input: React.ReactNode) => <Box mt={5}>{input}</Box>;

export function ExportForm({ cluster, known, mayReveal }: ExportFormProps) {
  const [base, setBase] = useState("");
  const [scope, setScope] = useState<Scope>("sub");
  const [filter, setFilter] = useState("");
  const [attributes, setAttributes] = useState<readonly string[]>([]);
  const [format, setFormat] = useState("ldif");
  const [operational, setOperational] = useState(false);
  const [reveal, setReveal] = useState(false);
  const mistake = mistakeIn(filter);
  const isReady = mistake === undefined && (base === "" || base.includes("="));
  const href = apiUrl("GET /clusters/{cluster}/export", {
    params: { cluster },
    query: {
      ...{ scope, format: format === "csv" ? "csv" : "ldif" },
      ...(base === "" ? {} : { base }),
      ...(filter.trim() === "" ? {} : { filter: filter.trim() }),
      ...(attributes.length === 0 ? {} : { attributes: attributes.join(",") }),
      ...(operational ? { operational: "true" } : {}),
      ...(reveal ? { reveal: "true" } : {}),
    },
  });
  return (
    <Stack gap="md" maw={720}>
      <Group grow preventGrowOverflow={false} align="flex-start">
        <Input.Wrapper
          label="Below which entry"
          description="All of the cluster, unless said."
          inputContainer={spaced}
          miw={220}
        >
          <DnPicker cluster={cluster} label="Below which entry" value={base} onChange={setBase} />
        </Input.Wrapper>
        <Select
          label="How far"
          description="As in a search."
          data={scopes}
          value={scope}
          allowDeselect={false}
          onChange={(next) => setScope(scopeOf(next ?? undefined))}
          miw={220}
        />
      </Group>
      <TextInput
        label="Only entries that match"
        description="An LDAP filter; every entry, unless said. The search screen makes one from conditions."
        placeholder="(objectClass=*)"
        classNames={{ input: "mono" }}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        error={mistake}
      />
      <TagsInput
        label="Attributes"
        description="All that people set, unless said."
        data={[...known.names]}
        limit={maxOptions}
        value={[...attributes]}
        onChange={setAttributes}
      />
      <Group gap="md">
        <SegmentedControl
          aria-label="Format"
          data={[
            { value: "ldif", label: "LDIF" },
            { value: "csv", label: "CSV" },
          ]}
          value={format}
          onChange={setFormat}
        />
        <Checkbox
          label="What the server keeps, too"
          checked={operational}
          onChange={(event) => setOperational(event.currentTarget.checked)}
        />
        {mayReveal && (
          <Checkbox
            label="Passwords and other secrets, too"
            checked={reveal}
            onChange={(event) => setReveal(event.currentTarget.checked)}
          />
        )}
      </Group>
      {reveal && (
        <Text size="sm">The file will hold password hashes. That it was made is noted in the audit trail.</Text>
      )}
      {isReady ? (
        <Button component="a" href={href} download leftSection={<IconDownload size={16} aria-hidden />} w="fit-content">
          Download
        </Button>
      ) : (
        <Button disabled leftSection={<IconDownload size={16} aria-hidden />} w="fit-content">
          Download
        </Button>
      )}
    </Stack>
  );
}

function mistakeIn(filter: string): string | undefined {
  if (filter.trim() === "") return undefined;
  try {
    parseFilter(filter);
    return undefined;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return `At character ${(error.offset ?? 0) + 1}: ${error.message}.`;
  }
}
