/** Where the nodes of a topology are drawn, and the arrows between them: on a circle, each arrow bent to its own side. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface DrawnArrow {
  /** Of an SVG path. */
  readonly path: string;
  /** In the middle of it, for its mark. */
  readonly middle: Point;
}

export interface Area {
  readonly width: number;
  readonly height: number;
  readonly radius: number;
}

/** The first is on top; two are side by side. */
export function placeNodes(names: readonly string[], { width, height, radius }: Area): ReadonlyMap<string, Point> {
  const center = { x: width / 2, y: height / 2 };
  if (names.length === 1) return new Map([[names[0]!, center]]);
  const [across, down] = [width / 2 - radius - 60, height / 2 - radius - 34];
  const start = names.length === 2 ? Math.PI : -Math.PI / 2;
  return new Map(
    names.map((name, index) => {
      const angle = start + (index * 2 * Math.PI) / names.length;
      return [name, { x: center.x + across * Math.cos(angle), y: center.y + down * Math.sin(angle) }];
    }),
  );
}

/** From the edge of one circle to that of the other, bent to the left of its way: so two that go to and fro lie apart. */
export function drawArrow(from: Point, to: Point, radius: number): DrawnArrow {
  const length = Math.max(1, Math.hypot(to.x - from.x, to.y - from.y));
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  const aside = { x: along.y, y: -along.x };
  const bend = Math.min(36, length / 6);
  const control = {
    x: (from.x + to.x) / 2 + aside.x * bend * 2,
    y: (from.y + to.y) / 2 + aside.y * bend * 2,
  };
  const [start, end] = [towards(from, control, radius), towards(to, control, radius + 8)];
  const middle = {
    x: start.x / 4 + control.x / 2 + end.x / 4,
    y: start.y / 4 + control.y / 2 + end.y / 4,
  };
  return { path: `M ${text(start)} Q ${text(control)} ${text(end)}`, middle };
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.max(1, Math.hypot(to.x - from.x, to.y - from.y));
  return { x: from.x + ((to.x - from.x) / length) * distance, y: from.y + ((to.y - from.y) / length) * distance };
}

function text({ x, y }: Point): string {
  return `${x.toFixed(1)},${y.toFixed(1)}`;
}
