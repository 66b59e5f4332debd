/** A few numbers over time, as a line; for those who do not see it, as words. */
import { Group, Text } from "@mantine/core";

interface ChartPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
}

export interface LineChartProps {
  readonly label: string;
  readonly points: readonly ChartPoint[];
  readonly unit: string;
}

const width = 600;
const height = 90;

export function LineChart({ label, points, unit }: LineChartProps) {
  const last = points.at(-1);
  const first = points[0];
  if (last === undefined || first === undefined || points.length < 2) {
    return (
      <Text size="xs" c="dimmed">
        {label}: a chart begins with the next figures
      </Text>
    );
  }
  const highest = Math.max(...points.map(({ value }) => value), Number.EPSILON);
  const x = (at: number) => ((at - first.at) / Math.max(1, last.at - first.at)) * width;
  const y = (value: number) => height - 4 - (value / highest) * (height - 8);
  const line = points.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  return (
    <figure style={{ margin: 0 }}>
      <Group justify="space-between">
        <Text size="xs" component="figcaption">
          {label}
        </Text>
        <Text size="xs" c="dimmed">
          now {numberText(last.value)}, at most {numberText(highest)} {unit}
        </Text>
      </Group>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        width="100%"
        height={height}
        role="img"
        aria-label={`${label}: now ${numberText(last.value)}, at most ${numberText(highest)} ${unit}`}
      >
        <line x1="0" x2={width} y1={height - 4} y2={height - 4} stroke="var(--mantine-color-default-border)" />
        <polyline
          points={line}
          fill="none"
          stroke="var(--mantine-primary-color-filled)"
          strokeWidth="2"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
    </figure>
  );
}

function numberText(value: number): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 });
}
