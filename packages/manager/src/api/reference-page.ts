/** The API's reference for people: one page without any script, made of the OpenAPI document. */
import { createHash } from "node:crypto";
import { Html, html } from "./html.ts";
import type { JsonObject } from "./openapi.ts";
import { ApiError, problemCodes } from "./problem.ts";
import { problemMeanings } from "./problem-meaning.ts";
import { type Definitions, type SchemaRow, schemaRows, typeName } from "./schema-rows.ts";

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --line: color-mix(in srgb, currentcolor 20%, transparent);
  --soft: color-mix(in srgb, currentcolor 6%, transparent); }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; }
h1 { margin: 0; } h2 { margin: 2.5rem 0 .5rem; text-transform: capitalize; } h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
h4 { margin: 1rem 0 .25rem; font-size: .9rem; }
p { margin: .5rem 0; } code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; background: var(--soft); border-radius: .2rem; padding: 0 .2rem; }
h3 code { background: none; padding: 0; }
nav ul { list-style: none; padding: 0; margin: .25rem 0; columns: 18rem; } nav li { break-inside: avoid; overflow-wrap: anywhere; padding: .1rem 0; }
section.route { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
.method { display: inline-block; min-width: 4rem; font: 700 .8rem ui-monospace, monospace; }
.note { opacity: .75; font-size: .9rem; }
details { margin: .5rem 0; } summary { cursor: pointer; font-weight: 600; font-size: .9rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
@media (max-width: 40rem) { thead { display: none; } tr { display: block; border-bottom: 1px solid var(--line); padding: .4rem 0; } td { display: block; border: 0; padding: 0; } }
`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** For the header `content-security-policy` of the page. */
export const referencePageSecurityPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly security: readonly unknown[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonObject;
}

type Content = Readonly<Record<string, { readonly schema: JsonObject }>>;

interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonObject>> };
}

interface Listed extends Operation {
  readonly method: string;
  readonly path: string;
}

/** @param openApi as `openApiDocument` makes it */
export function referencePage(openApi: JsonObject): string {
  const document = openApi as unknown as Document;
  const { info, servers, tags, components } = document;
  const prefix = servers[0]?.url ?? "";
  const definitions: Definitions = Object.fromEntries(
    Object.entries(components.schemas).map(([name, schema]) => [`#/components/schemas/${name}`, schema]),
  );
  const operations = operationsOf(document);
  const ofTag = (tag: string) => operations.filter((each) => each.tags.includes(tag));
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${`${info.title} API`}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<style>${new Html(style)}</style></head>
<body>
<header><h1>${`${info.title} API`}</h1>
<p class="note">${`Version ${info.version}, below `}<code>${prefix}</code>; as <a href="${`${prefix}/openapi.json`}">OpenAPI 3.1</a>.</p>
${prose(info.description)}</header>
<nav aria-label="Routes">${tags.map(({ name }) => contents(name, ofTag(name)))}<p><a href="#problems">Problems</a></p></nav>
<main>${tags.map(
    ({ name }) =>
      html`<h2 id="${`tag-${name}`}">${name}</h2>${ofTag(name).map((each) => routeSection(each, definitions))}`,
  )}
<h2 id="problems">Problems</h2>
${prose("What is not done is answered as problem details (RFC 9457), `application/problem+json`:")}
${schemaTable(schemaRows(components.schemas.Problem ?? {}, definitions))}
<h4>Codes</h4>
<table><thead><tr><th>code</th><th>status</th><th>meaning</th></tr></thead><tbody>${problemCodes.map(
    (code) =>
      html`<tr><td><code>${code}</code></td><td>${String(new ApiError(code, "").status)}</td><td>${inline(problemMeanings[code])}</td></tr>`,
  )}</tbody></table>
</main></body></html>
`.text;
}

function operationsOf({ paths }: Document): Listed[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}

function contents(tag: string, operations: readonly Listed[]): Html {
  return html`<details><summary>${tag}</summary><ul>${operations.map(
    ({ operationId, summary }) => html`<li><a href="${`#${operationId}`}">${summary}</a></li>`,
  )}</ul></details>`;
}

function routeSection(operation: Listed, definitions: Definitions): Html {
  const { operationId, method, path, summary, description, security, parameters, requestBody, responses } = operation;
  const answers = Object.entries(responses).filter(([status]) => status !== "default");
  return html`<section class="route" id="${operationId}" aria-labelledby="${`${operationId}-title`}">
<h3 id="${`${operationId}-title`}"><span class="method">${method}</span> <code>${path}</code></h3>
<p>${inline(summary)}</p>${description === undefined ? "" : prose(description)}
<p class="note">${security.length === 0 ? "For anybody." : "For who has signed in."}</p>
${parameters.length === 0 ? "" : parameterTable(parameters, definitions)}
${requestBody === undefined ? "" : contentDetails("Body", requestBody.content, definitions)}
${answers.map(([status, { description: text, content }]) =>
  content === undefined
    ? html`<p class="note">${`${status}: ${text}`}</p>`
    : contentDetails(`Answer ${status}`, content, definitions),
)}</section>
`;
}

function parameterTable(parameters: readonly Parameter[], definitions: Definitions): Html {
  return html`<h4>Parameters</h4>${schemaTable(
    parameters.map(({ name, in: place, required, description = "", schema }) => {
      const [row] = schemaRows(schema, definitions);
      const notes = [description, row?.description ?? ""].filter((text) => text !== "").join(" ");
      return {
        path: name,
        type: `${typeName(schema, definitions)}, in the ${place}`,
        isRequired: required,
        description: notes,
      };
    }),
  )}`;
}

function contentDetails(title: string, content: Content, definitions: Definitions): Html {
  return html`${Object.entries(content).map(([type, { schema }]) => {
    const isJson = type === "application/json";
    return html`<details><summary>${title} <code>${type}</code></summary>${
      isJson ? schemaTable(schemaRows(schema, definitions)) : html`<p class="note">Sent as it comes.</p>`
    }</details>`;
  })}`;
}

function schemaTable(rows: readonly SchemaRow[]): Html {
  return html`<table><thead><tr><th>name</th><th>type</th><th>meaning</th></tr></thead><tbody>${rows.map(
    ({ path, type, isRequired, description }) =>
      html`<tr><td><code>${path === "" ? "(whole)" : path}</code>${isRequired ? "" : html` <span class="note">optional</span>`}</td><td>${type}</td><td>${inline(description)}</td></tr>`,
  )}</tbody></table>`;
}

/** The Markdown that descriptions use: paragraphs, lists and code. */
function prose(markdown: string): Html {
  return html`${markdown.split(/\n{2,}/).map((block) => {
    const lines = block.split("\n");
    return lines.every((line) => line.startsWith("- "))
      ? html`<ul>${lines.map((line) => html`<li>${inline(line.slice(2))}</li>`)}</ul>`
      : html`<p>${inline(block)}</p>`;
  })}`;
}

function inline(markdown: string): Html {
  return html`${markdown.split("`").map((text, index) => (index % 2 === 1 ? html`<code>${text}</code>` : html`${text}`))}`;
}
