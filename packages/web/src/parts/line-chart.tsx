/** A few numbers over time, as a line; for those who do not see it, as words. Where one is not known the line has a gap. */
import { Group, Text } from "@mantine/core";

interface ChartPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number | undefined;
}

export interface LineChartProps {
  readonly label: string;
  readonly points: readonly ChartPoint[];
  readonly unit: string;
  /** What is drawn at the top, where no point is higher. */
  readonly top?: number;
  /** Which end of the numbers matters. */
  readonly extreme?: "highest" | "lowest";
}

const width = 600;
const height = 90;
const margin = 4;

export function LineChart({ label, points, unit, top = Number.EPSILON, extreme = "highest" }: LineChartProps) {
  const known = points.flatMap(({ value }) => value ?? []);
  const last = points.at(-1);
  const first = points[0];
  if (last === undefined || first === undefined || known.length < 2) {
    return (
      <Text size="xs" c="dimmed">
        {label}: a chart begins with the next figures
      </Text>
    );
  }
  const [highest, lowest] = [Math.max(...known, top), Math.min(...known, 0)];
  const x = (at: number) => ((at - first.at) / Math.max(1, last.at - first.at)) * width;
  const y = (value: number) => margin + ((highest - value) / (highest - lowest)) * (height - 2 * margin);
  const lines: string[][] = [[]];
  for (const { at, value } of points) {
    if (value === undefined) lines.push([]);
    else lines.at(-1)!.push(`${x(at).toFixed(1)},${y(value).toFixed(1)}`);
  }
  const now = last.value === undefined ? "now unknown" : `now ${numberText(last.value)}`;
  const end = extreme === "highest" ? `at most ${numberText(highest)}` : `at least ${numberText(Math.min(...known))}`;
  return (
    <figure style={{ margin: 0 }}>
      <Group justify="space-between" gap="xs">
        <Text size="xs" component="figcaption">
          {label}
        </Text>
        <Text size="xs" c="dimmed">
          {now}, {end} {unit}
        </Text>
      </Group>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        width="100%"
        height={height}
        role="img"
        aria-label={`${label}: ${now}, ${end} ${unit}`}
      >
        <line x1="0" x2={width} y1={y(0)} y2={y(0)} stroke="var(--mantine-color-default-border)" />
        {lines
          .filter((line) => line.length > 0)
          .map((line) => (
            <polyline
              key={line[0]}
              // A single point is a line to itself.
              points={[...line, line.at(-1)].join(" ")}
              fill="none"
              stroke="var(--mantine-primary-color-filled)"
              strokeWidth="2"
              strokeLinecap="round"
              vectorEffect="non-scaling-stroke"
            />
          ))}
      </svg>
    </figure>
  );
}

function numberText(value: number): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0 });
}
