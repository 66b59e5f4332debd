/** Sources as the configuration makes them, for tests. */
import type { z } from "zod";
import { type SourceConfig, sourcesConfig, verifierOf } from "../../src/hooks/config.ts";
import type { BelievedRequest } from "../../src/hooks/reading.ts";
import { HookSource } from "../../src/hooks/source.ts";

export type WrittenSources = z.input<typeof sourcesConfig>;

export function sources(written: WrittenSources): readonly HookSource[] {
  return Object.entries(sourcesConfig.parse(written)).map(
    ([name, each]) => new HookSource({ ...each, name, verifier: verifierOf(name, each) as SourceConfig["verifier"] }),
  );
}

export function source(name: string, written: WrittenSources[string]): HookSource {
  return sources({ [name]: written })[0]!;
}

/** A request whose sender is known. */
export function believed(payload: unknown, changes: Partial<BelievedRequest> = {}): BelievedRequest {
  return {
    header: () => undefined,
    body: new TextEncoder().encode(JSON.stringify(payload)),
    receivedMs: Date.parse("2026-03-01T12:00:00Z"),
    payload,
    deliveryId: undefined,
    ...changes,
  };
}
