/** Dragging a row of the tree onto another. A branch that is held over opens. */
import { useEffect, useRef, useState } from "react";

export interface RowDragOptions {
  /** Whether the one may be dropped on the other. */
  readonly isAllowed: (dragged: string, target: string) => boolean;
  /** Undefined: nothing can be dragged. */
  readonly onDrop: ((dragged: string, target: string) => void) | undefined;
  readonly onHover: (target: string) => void;
}

const hoverMs = 700;

export function useRowDrag({ isAllowed, onDrop, onHover }: RowDragOptions) {
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
  const rowProps = (
    dn: string,
    { isMovable, isClosed }: { readonly isMovable: boolean; readonly isClosed: boolean },
  ) =>
    onDrop === undefined
      ? {}
      : {
          draggable: isMovable,
          onDragStart: (event: React.DragEvent) => {
            dragged.current = dn;
            event.dataTransfer.setData("text/plain", dn);
            event.dataTransfer.effectAllowed = "move";
          },
          onDragOver: (event: React.DragEvent) => {
            if (dragged.current === undefined) return;
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
            end();
            if (from !== undefined && isAllowed(from, dn)) onDrop(from, dn);
          },
          onDragEnd: end,
        };
  return { target, rowProps };
}
