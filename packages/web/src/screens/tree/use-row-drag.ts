/** Dragging a row of the tree onto another. A branch that is held over opens. */
import { useEffect, useRef, useState } from "react";

interface DraggableRow {
  readonly dn: string;
  readonly isClosed: boolean;
}

export interface RowDragOptions {
  /** The row that a part of the page belongs to. */
  readonly rowAt: (target: EventTarget) => DraggableRow | undefined;
  /** Whether the one may be dropped on the other. */
  readonly isAllowed: (dragged: string, target: string) => boolean;
  /** Undefined: nothing can be dragged. */
  readonly onDrop: ((dragged: string, target: string) => void) | undefined;
  readonly onHover: (target: string) => void;
}

const hoverMs = 700;

/** What the tree as a whole listens to: its rows come and go while one is dragged. */
export function useRowDrag({ rowAt, isAllowed, onDrop, onHover }: RowDragOptions) {
  // Of the browser's own data only its types are told before the drop.
  const dragged = useRef<string | undefined>(undefined);
  const hover = useRef<{ readonly dn: string; readonly timer: number } | undefined>(undefined);
  const [target, setTarget] = useState<string>();
  const leave = () => {
    window.clearTimeout(hover.current?.timer);
    hover.current = undefined;
  };
  const end = () => {
    leave();
    dragged.current = undefined;
    setTarget(undefined);
  };
  useEffect(() => () => window.clearTimeout(hover.current?.timer), []);
  if (onDrop === undefined) return { target, handlers: {} };
  const handlers = {
    onDragStart: (event: React.DragEvent) => {
      const dn = rowAt(event.target)?.dn;
      if (dn === undefined) return;
      dragged.current = dn;
      event.dataTransfer.setData("text/plain", dn);
      event.dataTransfer.effectAllowed = "move";
    },
    onDragOver: (event: React.DragEvent) => {
      const row = rowAt(event.target);
      if (dragged.current === undefined || row === undefined) return;
      const { dn, isClosed } = row;
      if (hover.current?.dn !== dn) {
        leave();
        if (isClosed) hover.current = { dn, timer: window.setTimeout(() => onHover(dn), hoverMs) };
      }
      if (!isAllowed(dragged.current, dn)) return setTarget(undefined);
      event.preventDefault();
      event.dataTransfer.dropEffect = "move";
      setTarget(dn);
    },
    onDrop: (event: React.DragEvent) => {
      event.preventDefault();
      const from = dragged.current;
      const to = rowAt(event.target)?.dn;
      end();
      if (from !== undefined && to !== undefined && isAllowed(from, to)) onDrop(from, to);
    },
    onDragEnd: end,
  };
  return { target, handlers };
}
