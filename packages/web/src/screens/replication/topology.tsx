/** Who sends changes to whom, as the servers say: drawn, and as a table. */
import { Stack, Table, Text, Title } from "@mantine/core";
import type { ApiOutput } from "../../api/client.ts";
import { Empty } from "../../parts/empty.tsx";
import { Status, type StatusKind } from "../../parts/status.tsx";
import { WideTable } from "../../parts/wide-table.tsx";
import classes from "./topology.module.css";
import { drawArrow, placeNodes } from "./topology-layout.ts";

type Replication = ApiOutput<"GET /clusters/{cluster}/replication">;
type Edge = Replication["topology"]["edges"][number];

const area = { width: 560, height: 380, radius: 30 };
const maxLetters = 18;
const statuses: Readonly<
  Record<Edge["status"], { readonly kind: StatusKind; readonly word: string; readonly mark: string }>
> = {
  ok: { kind: "good", word: "works", mark: "" },
  broken: { kind: "bad", word: "broken", mark: "✕" },
  disabled: { kind: "warning", word: "turned off", mark: "–" },
  unknown: { kind: "unknown", word: "not known", mark: "?" },
};

function nameOf({ node, address }: Edge["from"]): string {
  return node ?? address;
}

export function Topology({ nodes, topology: { edges, unknown } }: Replication) {
  const strangers = edges.flatMap(({ from, to }) => [from, to]).filter(({ node }) => node === undefined);
  const names = [...new Set([...nodes.map(({ node }) => node), ...strangers.map(nameOf)])];
  const places = placeNodes(names, area);
  const silent = new Set(unknown.map(({ node }) => node));
  const known = new Map(nodes.map((node) => [node.node, node]));
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        Who sends changes to whom
      </Title>
      {edges.length > 0 && (
        <svg
          viewBox={`0 0 ${area.width} ${area.height}`}
          className={classes.drawing}
          role="img"
          aria-label={`${names.length} servers and ${edges.length} connections between them; the table below says the same.`}
        >
          <defs>
            {Object.keys(statuses).map((status) => (
              <marker
                key={status}
                id={`arrow-${status}`}
                viewBox="0 0 10 10"
                refX="8"
                refY="5"
                markerWidth="7"
                markerHeight="7"
                orient="auto"
              >
                <path d="M 0 0 L 10 5 L 0 10 z" className={classes[`head-${status}`]} />
              </marker>
            ))}
          </defs>
          {edges.map(({ from, to, status, kind }) => {
            const [start, end] = [places.get(nameOf(from)), places.get(nameOf(to))];
            if (start === undefined || end === undefined || start === end) return null;
            const { path, middle } = drawArrow(start, end, area.radius);
            const { mark } = statuses[status];
            return (
              <g key={`${nameOf(from)} ${nameOf(to)} ${kind}`}>
                <path
                  d={path}
                  className={`${classes.edge} ${classes[`edge-${status}`]}`}
                  markerEnd={`url(#arrow-${status})`}
                />
                {mark !== "" && (
                  <>
                    <circle cx={middle.x} cy={middle.y} r="10" className={classes.markBack} />
                    <text x={middle.x} y={middle.y} className={classes.mark}>
                      {mark}
                    </text>
                  </>
                )}
              </g>
            );
          })}
          {names.map((name) => {
            const { x, y } = places.get(name)!;
            const node = known.get(name);
            const isUp = node?.isReachable === true;
            return (
              <g key={name}>
                <circle
                  cx={x}
                  cy={y}
                  r={area.radius}
                  className={`${classes.node} ${isUp && !silent.has(name) ? "" : classes.silent}`}
                />
                <text x={x} y={y} className={classes.mark}>
                  {node === undefined ? "…" : !isUp ? "✕" : silent.has(name) ? "?" : "✓"}
                </text>
                <text
                  x={x}
                  y={y < area.height / 2 - 1 ? y - area.radius - 10 : y + area.radius + 18}
                  className={classes.name}
                >
                  {name.length > maxLetters ? `${name.slice(0, maxLetters - 1)}…` : name}
                </text>
              </g>
            );
          })}
        </svg>
      )}
      {edges.length > 0 && (
        <Text size="xs" c="dimmed">
          ✓ says whom it takes changes from or sends them to · ? does not say · ✕ broken, or not reached · – turned off
          · … not of this cluster
        </Text>
      )}
      {edges.length === 0 ? (
        <Empty title="No connections are known">
          The servers do not say whom they replicate with, or you may not read it.
        </Empty>
      ) : (
        <WideTable label="Who sends changes to whom" minWidth={620}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>From</Table.Th>
                <Table.Th>To</Table.Th>
                <Table.Th>How it is</Table.Th>
                <Table.Th>Details</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {edges.map(({ from, to, kind, status, detail }) => (
                <Table.Tr key={`${nameOf(from)} ${nameOf(to)} ${kind}`}>
                  <Table.Td className="break">{nameOf(from)}</Table.Td>
                  <Table.Td className="break">{nameOf(to)}</Table.Td>
                  <Table.Td miw={140}>
                    <Status kind={statuses[status].kind}>{statuses[status].word}</Status>
                  </Table.Td>
                  <Table.Td className="break">{detail ?? ""}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </WideTable>
      )}
      {unknown.map(({ node, problem }) => (
        <Text key={node} size="sm" c="dimmed" className="break">
          <b>{node}</b> does not say whom it replicates with: {problem}
        </Text>
      ))}
    </Stack>
  );
}
