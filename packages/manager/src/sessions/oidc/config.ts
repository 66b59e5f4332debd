/** `manager.oidc`: OpenID providers, and whose entry of the directory a person of theirs is. */
import { secret } from "@espalier/service";
import { z } from "zod";
import { templateProblem } from "./claim-template.ts";

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

const issuer = z
  .string()
  .refine((text) => URL.canParse(text), "must be a URL, as the provider has it in its discovery document")
  .refine((text) => {
    if (!URL.canParse(text)) return true;
    const { protocol, hostname } = new URL(text);
    return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
  }, "must begin with https: http is taken from this machine alone")
  .describe("As its discovery document has it: `https://id.example.com`.");

const template = (kind: "dn" | "filter") =>
  z.string().superRefine((text, context) => {
    const message = templateProblem(kind, text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

const oidcProvider = z
  .strictObject({
    issuer,
    clientId: z.string().min(1).describe("As it was registered at the provider."),
    clientSecret: secret().optional().describe("Likewise; without it this is a public client."),
    label: z.string().min(1).max(100).optional().describe("What people read on the button; its name unless set."),
    scopes: z
      .array(z.string().min(1))
      .refine((scopes) => scopes.includes("openid"), "must have openid among them")
      .default(["openid", "profile", "email"])
      .describe("What is asked for."),
    dn: template("dn")
      .optional()
      .describe("A person's DN, with claims in braces: `uid={preferred_username},ou=people,dc=example,dc=com`."),
    filter: template("filter").optional().describe("Or how to find it: `(mail={email})`."),
    clusters: z
      .array(z.string().min(1))
      .optional()
      .describe("Clusters that people are connected to; those with `proxied_authorization` unless set."),
    serviceAccount: z
      .boolean()
      .default(false)
      .describe(
        "In clusters of the list without `proxied_authorization` people act as `bind_dn` itself, with what their roles allow. The directory then cannot tell them apart.",
      ),
  })
  .superRefine(({ dn, filter }, context) => {
    if ((dn === undefined) === (filter === undefined)) {
      context.addIssue({
        code: "custom",
        path: ["dn"],
        message: "or `filter` must say whose entry a person's is: one of the two",
      });
    }
  });

export const oidcProviders = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "must be lower-case letters, digits and -"),
  oidcProvider,
);

export type OidcProviderConfig = z.output<typeof oidcProvider>;
export type OidcProviders = z.output<typeof oidcProviders>;
