/** The JSON Schema of a source (draft 2020-12, or draft-07 where its `$schema` says so): whether a payload is what it has to be. */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";

export interface PayloadProblem {
  /** RFC 6901: where in the payload. */
  readonly where: string;
  readonly problem: string;
}

/** A sender corrects a few at a time. */
const maxProblems = 20;

export class PayloadSchema {
  readonly #validate: ValidateFunction;

  /** @throws Error with a sentence when it is no schema */
  constructor(schema: unknown) {
    if (typeof schema !== "object" || schema === null || Array.isArray(schema)) throw new Error("is no JSON Schema");
    const options = { allErrors: true, strict: false, validateFormats: false, logger: false } as const;
    const isDraft7 = "$schema" in schema && /draft-0[67]/.test(String(schema.$schema));
    try {
      this.#validate = (isDraft7 ? new Ajv(options) : new Ajv2020(options)).compile(schema);
    } catch (cause) {
      throw new Error(`is no JSON Schema that can be used: ${(cause as Error).message}`, { cause });
    }
  }

  /** Empty for one that is right. */
  check(payload: unknown): readonly PayloadProblem[] {
    if (this.#validate(payload)) return [];
    return (this.#validate.errors ?? []).slice(0, maxProblems).map(problemOf);
  }
}

/** @throws Error with a sentence that names the file */
export function readPayloadSchema(path: string): PayloadSchema {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`the schema ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
  try {
    return new PayloadSchema(JSON.parse(text));
  } catch (cause) {
    throw new Error(`the schema ${path} ${cause instanceof SyntaxError ? "is no JSON" : (cause as Error).message}`, {
      cause,
    });
  }
}

function problemOf({ instancePath, keyword, message = "is not as it has to be", params }: ErrorObject): PayloadProblem {
  const extra = keyword === "additionalProperties" ? `: ${String(params.additionalProperty)}` : "";
  const allowed = keyword === "enum" ? `: ${(params.allowedValues as unknown[]).map(String).join(", ")}` : "";
  return { where: instancePath === "" ? "/" : instancePath, problem: `${message}${extra}${allowed}` };
}
