/** A creation form of the configuration, filled in: what its fields hold becomes an entry. */
import { childDn, formatDn, type PartialAttribute, parseDn } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import type { CreationForm } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import { fillTemplate, parseTemplate } from "./template-text.ts";

type FormField = CreationForm["fields"][number];
export type FormValue = string | number | boolean | readonly string[];

/** What fields are filled with by themselves. */
export interface Generated {
  readonly daysSinceEpoch: number;
  /** The next free number of the attribute. */
  numberOf(attribute: string): number;
}

export interface FilledForm {
  readonly dn: string;
  readonly attributes: readonly PartialAttribute[];
  /** Set after the entry is added, by the server: it is in no attribute. */
  readonly password: string | undefined;
}

/** Attributes that hold the password by which the entry binds. */
const passwordNames: ReadonlySet<string> = new Set(["userpassword", "unicodepwd"]);

export function isPasswordName(name: string): boolean {
  return passwordNames.has((name.split(";")[0] ?? "").toLowerCase());
}

/** The fields that take a number out of those of the directory. */
export function numberedFields({ fields }: CreationForm): readonly string[] {
  return fields.filter(({ auto_generate: by }) => by === "next_uid" || by === "next_gid").map(({ name }) => name);
}

/**
 * @param parent where the entry is to be, in place of the form's `base_ou`
 * @throws ApiError `invalid_request` with every field that is wrong
 */
export function fillForm(
  form: CreationForm,
  given: Readonly<Record<string, FormValue>>,
  generated: Generated,
  parent: string = form.base_ou,
): FilledForm {
  return new Filling(form, given, generated).entry(parent);
}

/** Whether a number must be had for this: the field is not filled in by hand. */
export function needsNumber(given: Readonly<Record<string, FormValue>>, name: string): boolean {
  return textsOf(given[name]).length === 0;
}

class Filling {
  readonly #form: CreationForm;
  readonly #fields: ReadonlyMap<string, FormField>;
  readonly #given: Readonly<Record<string, FormValue>>;
  readonly #generated: Generated;
  readonly #values = new Map<string, readonly string[]>();
  readonly #underWay = new Set<string>();
  readonly #errors: { path: string; message: string }[] = [];

  constructor(form: CreationForm, given: Readonly<Record<string, FormValue>>, generated: Generated) {
    this.#form = form;
    this.#fields = new Map(form.fields.map((field) => [field.name, field]));
    this.#given = given;
    this.#generated = generated;
  }

  entry(parent: string): FilledForm {
    for (const name of Object.keys(this.#given)) {
      if (!this.#fields.has(name)) this.#wrong(name, "The form has no such field.");
    }
    for (const field of this.#fields.values()) this.#check(field, this.#valuesOf(field));
    const rdn = this.#rdn();
    if (this.#errors.length > 0) {
      const [first] = this.#errors;
      throw new ApiError("invalid_request", `The form cannot be taken: ${first?.path}: ${first?.message}`, {
        errors: this.#errors,
      });
    }
    const filled = [...this.#values].filter(([, values]) => values.length > 0);
    const [password] = filled.find(([name]) => isPasswordName(name))?.[1] ?? [];
    return {
      dn: formatDn(childDn([rdn], parseDn(parent))),
      attributes: [
        attribute("objectClass", ...this.#form.object_classes),
        ...filled.filter(([name]) => !isPasswordName(name)).map(([name, values]) => attribute(name, ...values)),
      ],
      password,
    };
  }

  #rdn(): { readonly type: string; readonly value: string } {
    const { rdn, fields } = this.#form;
    const name = rdn ?? (this.#fields.has("uid") ? "uid" : (fields[0]?.name ?? "cn"));
    const [value] = this.#values.get(name) ?? [];
    if (value === undefined || isPasswordName(name)) this.#wrong(name, "It names the entry, and is missing.");
    return { type: name, value: value ?? "" };
  }

  #valuesOf(field: FormField): readonly string[] {
    const known = this.#values.get(field.name);
    if (known !== undefined) return known;
    if (this.#underWay.has(field.name)) {
      this.#wrong(field.name, "It is made out of fields that are made out of it: the configuration has to be mended.");
      return [];
    }
    this.#underWay.add(field.name);
    const byHand = textsOf(this.#given[field.name]);
    const byItself = byHand.length > 0 && !field.readonly ? [] : this.#filledByItself(field);
    if (field.readonly && byHand.length > 0 && byHand.join("\n") !== byItself.join("\n")) {
      this.#wrong(field.name, "It is filled in by itself, and cannot be given.");
    }
    const values = byHand.length > 0 && !field.readonly ? byHand : byItself;
    this.#values.set(field.name, values);
    return values;
  }

  #filledByItself({ name, auto_generate: by, default: otherwise }: FormField): readonly string[] {
    const generated = by === undefined ? undefined : this.#generate(name, by);
    return generated === undefined ? textsOf(otherwise) : textsOf(generated);
  }

  #generate(name: string, by: string): string | undefined {
    if (by === "next_uid" || by === "next_gid") return String(this.#generated.numberOf(name));
    if (by === "days_since_epoch") return String(this.#generated.daysSinceEpoch);
    return fillTemplate(parseTemplate(by), (field) => {
      const referred = this.#fields.get(field);
      if (referred === undefined || isPasswordName(field)) {
        const what = referred === undefined ? "no field of the form" : "a password";
        this.#wrong(name, `It is made out of ${field}, which is ${what}: the configuration has to be mended.`);
        return undefined;
      }
      return this.#valuesOf(referred)[0];
    });
  }

  #check(field: FormField, values: readonly string[]): void {
    if (field.required && values.length === 0) this.#wrong(field.name, "It is missing.");
    for (const value of values) {
      const wrong = problemOf(field, value);
      if (wrong !== undefined) this.#wrong(field.name, wrong);
    }
    if (isPasswordName(field.name) && values.length > 1) this.#wrong(field.name, "There is one password.");
  }

  /** Once for a field and message: a field is looked at again for each that is made out of it. */
  #wrong(name: string, message: string): void {
    const path = `values.${name}`;
    if (!this.#errors.some((error) => error.path === path && error.message === message)) {
      this.#errors.push({ path, message });
    }
  }
}

function problemOf({ type, options }: FormField, value: string): string | undefined {
  switch (type) {
    case "email":
      return /^[^\s@]+@[^\s@]+$/.test(value) ? undefined : "It is no mail address.";
    case "number":
      return /^-?\d+$/.test(value) ? undefined : "It is no whole number.";
    case "checkbox":
      return value === "TRUE" || value === "FALSE" ? undefined : "It is neither true nor false.";
    case "select": {
      const allowed = (options ?? []).map((option) => (typeof option === "string" ? option : option.value));
      return allowed.length === 0 || allowed.includes(value) ? undefined : `It is none of ${allowed.join(", ")}.`;
    }
    case "text":
      return /[\r\n]/.test(value) ? "It has more than one line." : undefined;
    case "password":
    case "textarea":
      return undefined;
  }
}

/** A field that is empty has no value: "" would be stored as one. Booleans are spelt as RFC 4517 §3.3.3 has them. */
function textsOf(value: FormValue | undefined): readonly string[] {
  if (value === undefined || value === "") return [];
  if (typeof value === "boolean") return [value ? "TRUE" : "FALSE"];
  if (typeof value === "string" || typeof value === "number") return [String(value)];
  return value.filter((text) => text !== "");
}
