/**
 * Any HTTP endpoint, such as a provider of text messages: method, headers, and a body of JSON, of form fields or of plain
 * text, with {@link Template}s. JSON and forms are written as what they are and put into syntax afterwards, so that no
 * value can leave its place.
 */
import type { HttpRequest } from "../outbound/http-client.ts";
import { basicAuthorization } from "./authorization.ts";
import type { HttpConfig } from "./config.ts";
import { HttpChannel, messageRefused } from "./http-channel.ts";
import type { Message } from "./message.ts";
import type { ChannelSurroundings } from "./surroundings.ts";
import { Template, type TemplateValues } from "./template.ts";

/** What a template in YAML may be made of. */
export type JsonTemplate =
  | string
  | number
  | boolean
  | null
  | readonly JsonTemplate[]
  | { readonly [key: string]: JsonTemplate };

type Fill<Result> = (values: TemplateValues) => Result;

interface HttpTemplate {
  readonly url: Fill<URL>;
  readonly headers: Fill<Record<string, string>>;
  readonly body: Fill<{ readonly type: string; readonly text: string } | undefined>;
}

/** Its message completes a sentence about the key at `path`. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  readonly path: readonly string[];
  constructor(path: readonly string[], message: string) {
    super(message);
    this.path = path;
  }
}

/** @throws {TemplateError} */
export function parseHttpTemplate(config: Pick<HttpConfig, "url" | "headers" | "secrets" | "json" | "form" | "text">) {
  const names = Object.keys(config.secrets);
  const parse: Parse = (path, text) => {
    try {
      return new Template(text, names);
    } catch (error) {
      throw new TemplateError(path, (error as Error).message);
    }
  };
  const headers = Object.entries(config.headers).map(
    ([name, value]) => [name, parse(["headers", name], value.reveal())] as const,
  );
  return {
    url: parseUrl(config.url.reveal(), parse),
    headers: (values) =>
      Object.fromEntries(headers.map(([name, template]) => [name, headerValue(template.fill(values))])),
    body: parseBody(config, parse),
  } satisfies HttpTemplate;
}

type Parse = (path: readonly string[], text: string) => Template;

/** A message's own text may stand in the query only: in a path, `..` would lead elsewhere, however it is encoded. */
function parseUrl(text: string, parse: Parse): Fill<URL> {
  const [, origin, path, query = ""] = /^(https?:\/\/[^/?#{}]+)([^?#]*)(\?[^#]*)?$/s.exec(text) ?? [];
  if (origin === undefined || path === undefined || !URL.canParse(origin)) {
    throw new TemplateError(["url"], "must be an http or https URL without a fragment, its host without {{variables}}");
  }
  const pathTemplate = parse(["url"], path);
  const queryTemplate = parse(["url"], query);
  if (pathTemplate.namesMessage) {
    throw new TemplateError(
      ["url"],
      "has {{variables}} of a message in its path: they can stand in the query only, {{secret.NAME}} in the path too",
    );
  }
  return (values) => {
    const url = new URL(origin);
    const fill = (template: Template) => template.fill(values, encodeURIComponent);
    url.pathname = fill(pathTemplate);
    url.search = fill(queryTemplate);
    return url;
  };
}

function parseBody(
  { json, form, text }: Pick<HttpConfig, "json" | "form" | "text">,
  parse: Parse,
): HttpTemplate["body"] {
  if (json !== undefined) {
    const template = parseJson(["json"], json, parse);
    return (values) => ({ type: "application/json", text: JSON.stringify(template(values)) });
  }
  if (form !== undefined) {
    const fields = Object.entries(form).map(([name, value]) => [name, parse(["form", name], value)] as const);
    return (values) => ({
      type: "application/x-www-form-urlencoded",
      text: new URLSearchParams(fields.map(([name, field]): [string, string] => [name, field.fill(values)])).toString(),
    });
  }
  if (text === undefined) return () => undefined;
  const template = parse(["text"], text);
  return (values) => ({ type: "text/plain; charset=utf-8", text: template.fill(values) });
}

function parseJson(path: readonly string[], value: JsonTemplate, parse: Parse): Fill<unknown> {
  if (typeof value === "string") {
    const template = parse(path, value);
    return (values) => template.fill(values);
  }
  if (typeof value !== "object" || value === null) return () => value;
  const members = Object.entries(value).map(
    ([name, member]) => [name, parseJson([...path, name], member as JsonTemplate, parse)] as const,
  );
  if (Array.isArray(value)) return (values) => members.map(([, member]) => member(values));
  return (values) => Object.fromEntries(members.map(([name, member]) => [name, member(values)]));
}

/** One line; UTF-8 in the bytes that a header may have (RFC 9110 §5.5). */
function headerValue(text: string): string {
  return Buffer.from(text.replaceAll(/[\p{Cc}\s]+/gu, " ").trim(), "utf8").toString("latin1");
}

export function httpTemplateChannel(config: HttpConfig, surroundings: ChannelSurroundings): HttpChannel {
  const template = parseHttpTemplate(config);
  const secrets = Object.fromEntries(Object.entries(config.secrets).map(([name, value]) => [name, value.reveal()]));
  const authorization =
    config.user !== undefined && config.password !== undefined
      ? basicAuthorization(config.user, config.password.reveal())
      : undefined;
  const compose = (message: Message): HttpRequest => {
    const values = { message, secrets };
    const body = template.body(values);
    return {
      method: config.method,
      url: template.url(values),
      headers: {
        ...(body === undefined ? {} : { "content-type": body.type }),
        ...(authorization === undefined ? {} : { authorization }),
        ...template.headers(values),
      },
      ...(body === undefined ? {} : { body: body.text }),
    };
  };
  return new HttpChannel(
    {
      kind: "http",
      concurrency: config.concurrency,
      timeoutMs: config.timeout,
      ca: config.ca,
      rules: messageRefused,
      secrets: [
        ...Object.values(secrets),
        ...Object.values(config.headers).map((header) => header.reveal()),
        ...(config.password === undefined ? [] : [config.password.reveal()]),
        ...(authorization === undefined ? [] : [authorization, authorization.slice("Basic ".length)]),
      ],
      compose,
    },
    surroundings,
  );
}
