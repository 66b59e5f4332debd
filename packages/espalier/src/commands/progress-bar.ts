/** A bar on a terminal for what takes a while: of known length, or with the bytes so far. */

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

interface Step {
  advance(bytes: number): void;
  end(): void;
}

const drawEveryMs = 100;
const barWidth = 24;

/** Draws nothing where it is no terminal. */
export function progressOn(terminal: Terminal): { begin(what: string, total?: number): Step } {
  if (terminal.isTTY !== true) return { begin: () => ({ advance: () => undefined, end: () => undefined }) };
  return {
    begin(what, total) {
      let bytes = 0;
      let drawnAt = 0;
      const draw = () => {
        const bar = total === undefined || total === 0 ? "" : `[${filled(bytes / total)}] `;
        const line = `${what}  ${bar}${roundedSize(bytes)}`;
        terminal.write(`\r\u001b[K${line.slice(0, (terminal.columns ?? 80) - 1)}`);
      };
      return {
        advance(more) {
          bytes += more;
          const now = performance.now();
          if (now - drawnAt < drawEveryMs) return;
          drawnAt = now;
          draw();
        },
        end: () => {
          terminal.write("\r\u001b[K");
        },
      };
    },
  };
}

function filled(share: number): string {
  const full = Math.round(Math.min(share, 1) * barWidth);
  return "#".repeat(full).padEnd(barWidth, ".");
}

/** `12 MiB`: to three digits, of whatever unit. */
export function roundedSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const unit = Math.min(units.length - 1, bytes === 0 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const size = bytes / 1024 ** unit;
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toPrecision(2)} ${units[unit]}`;
}
