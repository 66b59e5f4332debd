/** Where two nodes differ in an entry: attribute by attribute, what only one of them has. */
import { Modal, Stack, Table, Text } from "@mantine/core";
import { valueText } from "../../api/values.ts";
import { EntryLink } from "../../parts/entry-link.tsx";
import { Time } from "../../parts/time.tsx";
import { WideTable } from "../../parts/wide-table.tsx";
import type { Finding } from "./use-diff.ts";

type Differing = Extract<Finding, { type: "differs" }>;
type OneSided = Differing["attributes"][number]["onlyOnFirst"];

export interface FindingDialogProps {
  readonly cluster: string;
  readonly finding: Finding;
  readonly onClose: () => void;
}

export function FindingDialog({ cluster, finding, onClose }: FindingDialogProps) {
  return (
    <Modal opened onClose={onClose} title="Where the nodes differ" size="xl">
      <Stack>
        <Text size="sm">
          <EntryLink cluster={cluster} dn={finding.dn} />
        </Text>
        {finding.changedAt !== undefined && (
          <Text size="sm" c="dimmed">
            Last changed <Time at={finding.changedAt} />.
          </Text>
        )}
        {finding.type === "only_on" ? (
          <Text size="sm">
            It is on {finding.node}, and not on {finding.missingOn}.
          </Text>
        ) : (
          <Attributes finding={finding} />
        )}
      </Stack>
    </Modal>
  );
}

function Attributes({ finding: { nodes, otherDn, attributes } }: { readonly finding: Differing }) {
  return (
    <>
      {otherDn !== undefined && (
        <Text size="sm" className="break">
          On {nodes[1]} it is called {otherDn}.
        </Text>
      )}
      <WideTable label="Differences" minWidth={480}>
        <Table withTableBorder withColumnBorders>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Attribute</Table.Th>
              <Table.Th>Only on {nodes[0]}</Table.Th>
              <Table.Th>Only on {nodes[1]}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {attributes.map(({ attribute, onlyOnFirst, onlyOnSecond }) => (
              <Table.Tr key={attribute}>
                <Table.Th>{attribute}</Table.Th>
                <Table.Td className="break">
                  <Values {...onlyOnFirst} />
                </Table.Td>
                <Table.Td className="break">
                  <Values {...onlyOnSecond} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </WideTable>
    </>
  );
}

function Values({ values, count }: OneSided) {
  if (count === 0) return <>—</>;
  const texts = values.map((value) =>
    typeof value === "object" && "bytes" in value
      ? `${value.bytes.toLocaleString()} bytes (SHA-256 ${value.sha256.slice(0, 12)}…)`
      : valueText(value),
  );
  return (
    <>
      {[...new Set(texts)].map((text) => (
        <Text key={text} size="sm">
          {text}
        </Text>
      ))}
      {count > values.length && (
        <Text size="xs" c="dimmed">
          and {(count - values.length).toLocaleString()} more
        </Text>
      )}
    </>
  );
}
