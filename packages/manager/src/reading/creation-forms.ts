/** The forms, columns and password rules of a cluster's configuration, as the browser takes them. */
import type { ClusterConfig, CreationForm } from "@espalier/service";
import type { z } from "zod";
import type { clusterRoutes, formSchema } from "./cluster-routes.ts";

type Forms = z.input<(typeof clusterRoutes)["GET /clusters/{cluster}/forms"]["response"]>;

export function creationForms(config: ClusterConfig): Forms {
  const { user_creation_form: userCreation, templates, table_columns: columns, password_policy: policy } = config;
  return {
    ...(userCreation === undefined ? {} : { userCreation: formJson(userCreation) }),
    templates: Object.fromEntries(Object.entries(templates).map(([name, form]) => [name, formJson(form)])),
    columns: { users: columns.users.map(column), groups: columns.groups.map(column), ous: columns.ous.map(column) },
    passwordPolicy: { minLength: policy.min_length, requireConfirmation: policy.require_confirmation },
  };
}

function formJson(form: CreationForm): z.input<typeof formSchema> {
  const names = form.fields.map(({ name }) => name);
  return {
    baseOu: form.base_ou,
    objectClasses: [...form.object_classes],
    rdn: form.rdn ?? names.find((name) => name.toLowerCase() === "uid") ?? names[0] ?? "cn",
    fields: form.fields.map((field) => ({
      name: field.name,
      label: field.label ?? field.name,
      type: field.type,
      isRequired: field.required,
      ...(field.placeholder === undefined ? {} : { placeholder: field.placeholder }),
      ...(field.default === undefined ? {} : { default: field.default }),
      ...(field.auto_generate === undefined ? {} : { autoGenerate: field.auto_generate }),
      isReadOnly: field.readonly,
      ...(field.options === undefined
        ? {}
        : {
            options: field.options.map((option) =>
              typeof option === "string" ? { value: option, label: option } : option,
            ),
          }),
    })),
  };
}

function column({ name, label, default_visible: isVisible }: ClusterConfig["table_columns"]["users"][number]) {
  return { name, label: label ?? name, isVisible };
}
