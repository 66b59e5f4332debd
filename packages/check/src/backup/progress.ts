/** How far a run is: told while it goes on, for whoever waits. */
export interface Progress {
  /** @param total bytes, where that is known */
  begin(what: string, total?: number): Step;
}

export interface Step {
  advance(bytes: number): void;
  end(): void;
}

export const silent: Progress = { begin: () => ({ advance: () => undefined, end: () => undefined }) };
