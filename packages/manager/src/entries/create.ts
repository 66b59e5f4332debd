/** New entries: by hand, or from a creation form of the configuration. */
import { randomBytes } from "node:crypto";
import { formatDn, type PartialAttribute, parseDn } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import type { CreationForm } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import { type Attributes, partialAttributes } from "../api/value.ts";
import { AttributeMatching } from "../changes/attribute-matching.ts";
import type { EntryChange } from "../changes/change-set.ts";
import { EntryImage } from "../changes/entry-image.ts";
import { type FormValue, fillForm, isPasswordName, needsNumber, numberedFields } from "./creation-form.ts";
import type { NumberAllocator } from "./number-allocator.ts";
import { classRules, missingAttributes } from "./object-classes.ts";
import type { Plan } from "./plan.ts";
import { usedNumbers } from "./used-numbers.ts";
import { checkedValues } from "./value-checks.ts";
import { type DirectoryView, superiorOf } from "./view.ts";

export interface NewEntry {
  readonly dn: string;
  readonly attributes: readonly PartialAttribute[];
  /** Set when the entry is there. */
  readonly password?: string | undefined;
}

export interface CreationPlan extends Plan {
  readonly dn: string;
}

const hashed = /^\{[A-Za-z0-9._/-]{1,40}\}./;
const decoder = new TextDecoder();

/**
 * The attributes of the name are added where they are missing, and a password in clear text is set as a password in place of
 * being stored as it is.
 *
 * @throws ApiError `invalid_request`
 */
export async function planCreation(view: DirectoryView, dn: string, attributes: Attributes): Promise<CreationPlan> {
  const schema = await view.schema();
  const matching = new AttributeMatching(schema);
  const given = checkedValues(partialAttributes(attributes)).filter(({ values }) => values.length > 0);
  if (!given.some(({ type }) => matching.key(type) === "objectclass")) {
    throw new ApiError("invalid_request", "An entry needs object classes, which say what it is.", {
      errors: [{ path: "attributes.objectClass", message: "It is missing." }],
    });
  }
  const [rdn = []] = parseDn(dn);
  superiorOf(dn);
  const naming = rdn.flatMap(({ type, value }) => (typeof value === "string" ? [attribute(type, value)] : []));
  const entry = EntryImage.of(given, matching).after(
    naming.map((modification) => ({ operation: "add", modification }) as const),
  );
  const clear = given.flatMap(({ type, values }) =>
    isPasswordName(type) ? values.map((value) => decoder.decode(value)).filter((text) => !hashed.test(text)) : [],
  );
  if (clear.length > 1) throw new ApiError("invalid_request", "An entry can be given one password.");
  const [password] = clear;
  const kept = entry.attributes.filter(({ type }) => password === undefined || !isPasswordName(type));
  const isHashed = password === undefined && given.some(({ type }) => isPasswordName(type));
  return creationPlan(view, { dn, attributes: kept, password }, [
    ...(isHashed ? ["The password is given as a hash, which no policy of the directory can look into."] : []),
  ]);
}

export interface FormRequest {
  readonly name: string;
  readonly values: Readonly<Record<string, FormValue>>;
  readonly parent?: string | undefined;
  readonly preview: boolean;
}

const dayMs = 86_400_000;

/** @param nowMs decides which day it is @throws ApiError `not_found`, `invalid_request` with each field that is wrong */
export async function planFormCreation(
  view: DirectoryView,
  { name, values, parent, preview }: FormRequest,
  numbers: NumberAllocator,
  nowMs: number,
): Promise<CreationPlan> {
  const form = formOf(view, name);
  const daysSinceEpoch = Math.floor(nowMs / dayMs);
  // With stand-ins for the numbers first, so that a form with mistakes takes none.
  const standIn = fillForm(form, values, { daysSinceEpoch, numberOf: () => 0 }, parent);
  await checkForm(view, form, standIn);
  view.actor.session.require("write", view.cluster.name, standIn.dn);
  const numbered = numberedFields(form).filter((field) => needsNumber(values, field));
  const taken = new Map<string, number>();
  for (const field of numbered) {
    const used = usedNumbers(view, field);
    taken.set(field, preview ? ((await numbers.peek(used))[0] ?? 0) : await numbers.take(used));
  }
  const filled = fillForm(form, values, { daysSinceEpoch, numberOf: (field) => taken.get(field) ?? 0 }, parent);
  const isTentative = preview && numbered.length > 0;
  return creationPlan(view, { ...filled, attributes: checkedValues(filled.attributes) }, [
    ...(isTentative
      ? [`The number (${numbered.join(", ")}) is given when the entry is added, and may be another then.`]
      : []),
  ]);
}

function formOf({ cluster }: DirectoryView, name: string): CreationForm {
  const { user_creation_form: user, templates } = cluster.config;
  const form =
    name === "user" ? (user ?? templates.user) : Object.hasOwn(templates, name) ? templates[name] : undefined;
  if (form === undefined) throw new ApiError("not_found", `There is no form ${name} of cluster ${cluster.name}.`);
  return form;
}

/** What the directory would refuse without saying which field it means. */
async function checkForm(
  view: DirectoryView,
  form: CreationForm,
  { attributes, password }: { readonly attributes: readonly PartialAttribute[]; readonly password: string | undefined },
): Promise<void> {
  const { min_length: minLength } = view.cluster.config.password_policy;
  const errors: { path: string; message: string }[] = [];
  const passwordField = form.fields.find(({ name }) => isPasswordName(name))?.name;
  if (password !== undefined && password.length < minLength) {
    errors.push({ path: `values.${passwordField}`, message: `It must have at least ${minLength} characters.` });
  }
  const [schema, { vendor }] = await Promise.all([view.schema(), view.facts()]);
  // Active Directory fills in what its classes ask for.
  if (vendor !== "active-directory") {
    const present = [...attributes.map(({ type }) => type), ...(password === undefined ? [] : [passwordField ?? ""])];
    for (const { attribute: missing, objectClass } of missingAttributes(schema, form.object_classes, present)) {
      const message = form.fields.some(({ name }) => name.toLowerCase() === missing.toLowerCase())
        ? `It is missing: ${objectClass} asks for it.`
        : `${objectClass} asks for it, and the form has no such field: the configuration has to be mended.`;
      errors.push({ path: `values.${missing}`, message });
    }
  }
  const [first] = errors;
  if (first !== undefined) {
    throw new ApiError("invalid_request", `The form cannot be taken: ${first.path}: ${first.message}`, { errors });
  }
}

/** The entry and then its password, which the server hashes. */
async function creationPlan(
  view: DirectoryView,
  { dn, attributes, password }: NewEntry,
  warnings: readonly string[] = [],
): Promise<CreationPlan> {
  return {
    title: `Add ${dn}`,
    dn,
    changes: await creationChanges(view, { dn, attributes, password }),
    warnings,
    counts: { entries: 1 },
  };
}

export async function creationChanges(
  view: DirectoryView,
  { dn, attributes, password }: NewEntry,
): Promise<EntryChange[]> {
  if (password === undefined) return [{ type: "add", dn, attributes }];
  const schema = await view.schema();
  const objectClasses = attributes
    .filter(({ type }) => type.toLowerCase() === "objectclass")
    .flatMap(({ values }) => values.map((value) => decoder.decode(value)));
  const needsOne = classRules(schema, objectClasses).must.has("userpassword");
  // One that nobody knows, for classes that let no entry be without: simpleSecurityObject. It is hashed on its way.
  const standIn = needsOne ? [attribute("userPassword", randomBytes(32).toString("base64"))] : [];
  return [
    { type: "add", dn, attributes: [...attributes, ...standIn] },
    { type: "password", dn, newPassword: password },
  ];
}

/** Notes the numbers of entries that came or went: they are nobody else's. */
export async function noteNumbers(
  view: DirectoryView,
  numbers: NumberAllocator,
  entries: Iterable<{ readonly attributes: readonly PartialAttribute[] }>,
): Promise<void> {
  const highest = new Map<string, number>();
  for (const { attributes } of entries) {
    for (const { type, values } of attributes) {
      const key = type.toLowerCase();
      if (key !== "uidnumber" && key !== "gidnumber") continue;
      for (const value of values.map((bytes) => Number(decoder.decode(bytes)))) {
        if (Number.isSafeInteger(value)) highest.set(type, Math.max(value, highest.get(type) ?? 0));
      }
    }
  }
  for (const [type, value] of highest) await numbers.note(usedNumbers(view, type), value);
}

/** An add below an entry that is not there is answered as if the new one were not. */
export function asCreationError(error: unknown, dn: string): unknown {
  if (!(error instanceof ApiError) || error.code !== "no_such_entry") return error;
  const superior = formatDn(superiorOf(dn));
  return new ApiError("no_such_entry", `There is no entry ${superior} to put it below.`, {
    ...error.extra,
    cause: error,
  });
}
