/** Asks a Prometheus over its HTTP API, v1: what expressions give now and over time, and what its rules come to. */
import { readFile } from "node:fs/promises";
import { CertificateError } from "@espalier/service";
import { requestJson } from "@espalier/service/request-json";
import { z } from "zod";
import type { PrometheusConfig } from "./config.ts";

/** Its message is a sentence for auditors: why there are no figures. */
export class PrometheusError extends Error {
  override readonly name = "PrometheusError";
}

const labels = z.record(z.string(), z.string());
/** Seconds since 1970, and a number as text: also `NaN` and `+Inf`. */
const point = z.tuple([z.number(), z.string()]);

const vector = z.object({
  resultType: z.literal("vector"),
  result: z.array(z.object({ metric: labels, value: point })),
});
const matrix = z.object({
  resultType: z.literal("matrix"),
  result: z.array(z.object({ metric: labels, values: z.array(point) })),
});
const rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          name: z.string(),
          query: z.string(),
          labels: labels.default({}),
          annotations: labels.default({}),
          health: z.string(),
          lastError: z.string().default(""),
          alerts: z
            .array(z.object({ labels, annotations: labels, state: z.string(), activeAt: z.string() }))
            .default([]),
        }),
      ),
    }),
  ),
});

export type PrometheusRule = z.output<typeof rules>["groups"][number]["rules"][number];

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  /** May be NaN. */
  readonly value: number;
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

const timeoutMs = 5_000;
const maxAnswerBytes = 8 * 1024 * 1024;

export class Prometheus {
  readonly #base: string;
  readonly #ca: string | undefined;

  constructor(url: string, ca: string | undefined) {
    this.#base = url;
    this.#ca = ca;
  }

  /** @throws CertificateError */
  static async create({ url, caFile }: PrometheusConfig): Promise<Prometheus> {
    if (caFile === undefined) return new Prometheus(url, undefined);
    try {
      return new Prometheus(url, await readFile(caFile, "utf8"));
    } catch (error) {
      const { code = "unknown error" } = error as NodeJS.ErrnoException;
      throw new CertificateError(`prometheus.caFile ${caFile} cannot be read (${code}): name a PEM file`);
    }
  }

  /** @throws PrometheusError */
  async query(query: string): Promise<readonly Sample[]> {
    const { result } = await this.#ask("query", { query }, vector);
    return result.map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }));
  }

  /** @throws PrometheusError */
  async queryRange(
    query: string,
    { from, until, stepMs }: { readonly from: number; readonly until: number; readonly stepMs: number },
  ): Promise<readonly Series[]> {
    const seconds = (ms: number) => String(ms / 1_000);
    const asked = { query, start: seconds(from), end: seconds(until), step: seconds(stepMs) };
    const { result } = await this.#ask("query_range", asked, matrix);
    return result.map(({ metric, values }) => ({
      labels: metric,
      points: values.map(([at, text]) => ({ at: at * 1_000, value: Number(text) })),
    }));
  }

  /** @throws PrometheusError */
  async rules(): Promise<readonly PrometheusRule[]> {
    const { groups } = await this.#ask("rules", {}, rules);
    return groups.flatMap((group) => group.rules);
  }

  async #ask<Schema extends z.ZodType>(
    path: string,
    query: Readonly<Record<string, string>>,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const url = new URL(`api/v1/${path}?${new URLSearchParams(query)}`, this.#base);
    const { status, body } = await requestJson(url, undefined, { ca: this.#ca, timeoutMs, maxAnswerBytes }).catch(
      (error: unknown) => {
        throw new PrometheusError(`Prometheus (${this.#base}) does not answer: ${reasonOf(error)}.`, { cause: error });
      },
    );
    const { data } = answerSchema.safeParse(body);
    if (data?.status === "error") {
      throw new PrometheusError(`Prometheus (${this.#base}) refuses the question: ${data.error}.`);
    }
    const answer = data === undefined ? undefined : schema.safeParse(data.data).data;
    if (status !== 200 || answer === undefined) {
      throw new PrometheusError(`What answers at ${this.#base} (with ${status}) is not Prometheus: correct the URL.`);
    }
    return answer;
  }
}

const answerSchema = z.discriminatedUnion("status", [
  z.object({ status: z.literal("success"), data: z.unknown() }),
  z.object({ status: z.literal("error"), error: z.string() }),
]);

const untrusted: ReadonlySet<string | undefined> = new Set([
  ...["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
  ...["SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT"],
]);

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (untrusted.has(code))
    return "its certificate is of no trusted authority, so name that in manager.prometheus.caFile";
  // Of several addresses that refuse, Node's error has no text of its own.
  return message === "" ? (code ?? "unknown error") : message;
}
