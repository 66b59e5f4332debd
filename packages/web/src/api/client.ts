/** Asks the manager's API. What each route takes and gives is known from the API's own table: its types alone come here. */
import type { ApiRoutes, Problem } from "@espalier/manager/api";
import type { z } from "zod";

type Table = ApiRoutes;
type Key = keyof Table & string;
type Input<Schema> = Schema extends z.ZodType ? z.input<Schema> : never;
type Part<Route, Name extends string, As extends string> =
  Route extends Record<Name, infer Schema>
    ? Schema extends z.ZodType
      ? Partial<Input<Schema>> extends Input<Schema>
        ? { readonly [Each in As]?: Input<Schema> }
        : { readonly [Each in As]: Input<Schema> }
      : unknown
    : unknown;

export type ApiInput<K extends Key> = Part<Table[K], "params", "params"> &
  Part<Table[K], "query", "query"> &
  Part<Table[K], "body", "body"> & { readonly signal?: AbortSignal };
export type ApiOutput<K extends Key> = Table[K] extends { readonly response: infer Schema }
  ? Schema extends z.ZodType
    ? z.output<Schema>
    : undefined
  : undefined;

/** The API's answer where it did not do what it was asked; `problem.code` says why. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

export function isProblem(error: unknown, code: Problem["code"]): boolean {
  return error instanceof ProblemError && error.problem.code === code;
}

/** Where the page is served: `/`, or a path before it. Always ends with a slash. */
export const basePath = new URL(document.baseURI).pathname.replace(/[^/]*$/, "");
const apiRoot = `${basePath}api/v1`;

let csrfToken: string | undefined;
/** Every change needs the session's token. */
export function setCsrfToken(token: string | undefined): void {
  csrfToken = token;
}

interface AnyInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** `api("GET /clusters/{cluster}/entry", { params: { cluster }, query: { dn } })` @throws ProblemError */
export async function api<K extends Key>(key: K, input: ApiInput<K>): Promise<ApiOutput<K>> {
  const response = await ask(key, input as AnyInput);
  if (response.status === 204) return undefined as ApiOutput<K>;
  return (await response.json()) as ApiOutput<K>;
}

/** The address of a route, for links and downloads. */
export function apiUrl<K extends Key>(key: K, input: ApiInput<K>): string {
  return address(key, input as AnyInput);
}

/** The lines of an answer in NDJSON, as they come. @throws ProblemError, and TypeError when the connection is lost */
export async function* apiLines<K extends Key>(key: K, input: ApiInput<K>): AsyncGenerator<unknown, void, undefined> {
  const response = await ask(key, input as AnyInput, { accept: "application/x-ndjson" });
  let rest = "";
  const text = response.body!.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>);
  for await (const piece of text as unknown as AsyncIterable<string>) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line);
  }
}

/** Sends a file as it is. @throws ProblemError */
export async function apiUpload<K extends Key>(
  key: K,
  input: ApiInput<K>,
  file: Blob,
  type: string,
): Promise<ApiOutput<K>> {
  const { signal } = input as AnyInput;
  const response = await send(key, address(key, input as AnyInput), { "content-type": type }, file, signal);
  return (await response.json()) as ApiOutput<K>;
}

function ask(key: string, input: AnyInput, headers: Record<string, string> = {}): Promise<Response> {
  const hasBody = input.body !== undefined;
  const body = hasBody ? JSON.stringify(input.body) : undefined;
  const type: Record<string, string> = hasBody ? { "content-type": "application/json" } : {};
  return send(key, address(key, input), { accept: "application/json", ...type, ...headers }, body, input.signal);
}

async function send(
  key: string,
  url: string,
  headers: Record<string, string>,
  body: BodyInit | undefined,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const [method = "GET"] = key.split(" ");
  const token: Record<string, string> =
    method === "GET" || csrfToken === undefined ? {} : { "x-csrf-token": csrfToken };
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers: { ...headers, ...token },
      credentials: "same-origin",
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ProblemError(
      problem(0, "unavailable", "Espalier does not answer. Is it running, and is this device online?"),
    );
  }
  if (response.ok) return response;
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/problem+json")) throw new ProblemError((await response.json()) as Problem);
  throw new ProblemError(problem(response.status, "internal", `Espalier answered with ${response.status}.`));
}

function problem(status: number, code: Problem["code"], title: string): Problem {
  return { type: "about:blank", status, code, title };
}

function address(key: string, { params = {}, query = {} }: AnyInput): string {
  const [, template = ""] = key.split(" ");
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== undefined) search.append(name, String(each));
  }
  const text = search.toString();
  return `${apiRoot}${path}${text === "" ? "" : `?${text}`}`;
}
