/** The routes of sessions: signing in and out, further clusters, second factors, OpenID. */
import { z } from "zod";
import { defineRoutes, type Route } from "../api/route.ts";
import { passwordNotesSchema } from "./password-notes.ts";
import { actions, roles } from "./session.ts";

const tag = "sessions";
const cluster = z.string().min(1).max(100);
const name = z.string().min(1).max(512).describe("A DN, or the person's `uid`, `mail` or `userPrincipalName`.");
const password = z.string().max(1_024);
const code = z.string().min(6).max(64).describe("Of the authenticator app, or a recovery code.");
const time = z.number().int().describe("Milliseconds since 1970.");
const recoveryCodes = z.object({
  recoveryCodes: z.array(z.string()).describe("Each signs in once in place of a code. Shown this once."),
});

const grant = z.object({
  role: z.enum(roles),
  under: z.string().optional().describe("Only at and below this DN."),
});

const connection = z.object({
  name: z.string(),
  description: z.string(),
  dn: z.string().describe("Whose entry the person's is."),
  actsAs: z
    .enum(["self", "proxied", "service", "shared"])
    .describe("`proxied`: through `bind_dn` (RFC 4370); `service` and `shared`: as `bind_dn`."),
  roles: z.array(grant),
  may: z.array(z.enum(actions)).describe("Everywhere in the cluster."),
  maySomewhere: z.array(z.enum(actions)).describe("Everywhere, or below the `under` of one of the roles."),
  readonly: z.boolean(),
  password: passwordNotesSchema.optional(),
  sharedLogin: z
    .object({ kept: z.boolean().describe("Somebody has given its password.") })
    .optional()
    .describe("Where the person may act as the shared account."),
});

export const sessionSchema = z
  .object({
    id: z.string().describe("Names it in lists; opens nothing."),
    name: z.string().describe("The DN of who signed in."),
    method: z.enum(["password", "oidc"]),
    csrfToken: z.string().describe("To be sent as `X-CSRF-Token` with all that is not GET."),
    createdAt: time,
    expiresAt: time.describe("It ends then, used or not; milliseconds since 1970."),
    idleSeconds: z.number().int().describe("And when it is not used for so long."),
    clusters: z.array(connection),
    secondFactor: z.object({
      enrolled: z.boolean(),
      restriction: z
        .enum(["second factor wanted", "second factor to be enrolled"])
        .optional()
        .describe("While it is there nothing else is possible: give the code, or enrol, with `/session/totp`."),
    }),
  })
  .describe("The session of this request.");

const listed = z.object({
  id: z.string(),
  name: z.string(),
  clusters: z.array(z.string()),
  method: z.enum(["password", "oidc"]),
  address: z.string(),
  userAgent: z.string().optional(),
  createdAt: time,
  usedAt: time.describe("Within a minute or so; milliseconds since 1970."),
  expiresAt: time,
  current: z.boolean(),
});

const provider = z.object({
  provider: z.string().min(1).max(32).describe("The provider's name in the configuration."),
});

const backToSignIn =
  "Who asks for HTML, as browsers do, is sent to the page's sign-in screen where that fails: `/sign-in?problem=CODE`, with the code of the problem.";

export const sessionRoutes = defineRoutes({
  "GET /session/options": {
    summary: "How one can sign in.",
    tag,
    access: "public",
    response: z.object({
      clusters: z.array(z.object({ name: z.string(), description: z.string() })),
      oidc: z.array(z.object({ name: z.string(), label: z.string() })),
    }),
  },
  "GET /session": {
    summary: "Who I am, what I am connected to, and what I may do.",
    tag,
    access: "session",
    query: z.object({
      refresh: z.enum(["true", "false"]).default("false").describe("Reads the groups that roles depend on anew."),
    }),
    response: sessionSchema,
  },
  "POST /session": {
    summary: "Signs in to a cluster by a bind, and sets the session's cookie.",
    description:
      "Whatever is wrong the answer is `wrong_credentials`. `second_factor_needed`: the password is right; send the same again with `secondFactor`.",
    tag,
    access: "public",
    body: z.object({ cluster, name, password, secondFactor: code.optional() }),
    response: sessionSchema,
    status: 201,
    maxBodyBytes: 16 * 1_024,
  },
  "DELETE /session": {
    summary: "Signs out: the session and its secrets are dropped.",
    tag,
    access: "session",
  },
  "GET /sessions": {
    summary: "My sessions; for administrators those of everybody in their clusters.",
    tag,
    access: "session",
    response: z.object({ sessions: z.array(listed) }),
  },
  "DELETE /sessions/{id}": {
    summary: "Ends one of these sessions.",
    tag,
    access: "session",
    params: z.object({ id: z.string().min(1).max(64) }),
  },
  "POST /session/clusters": {
    summary: "Connects this session to a further cluster, or has it act as the shared account of one.",
    description:
      "With `name` and `password` as oneself. With `shared` as `bind_dn`, where the configuration lets the role do so: with its `password`, or without where somebody has given it within the hour; `shared: false` goes back to acting as oneself.",
    tag,
    access: "session",
    body: z.union([
      z.strictObject({ cluster, name, password, secondFactor: code.optional() }),
      z.strictObject({ cluster, shared: z.boolean(), password: password.optional() }),
    ]),
    response: sessionSchema,
    maxBodyBytes: 16 * 1_024,
  },
  "DELETE /session/clusters/{cluster}": {
    summary: "Drops the connection to a cluster; to the one that was signed in to, it signs out.",
    tag,
    access: "session",
    params: z.object({ cluster }),
  },
  "POST /session/totp": {
    summary: "Begins to enrol an authenticator app (RFC 6238).",
    tag,
    access: "session",
    response: z.object({
      url: z.string().describe("`otpauth://…`, for a QR code. Shown this once."),
      base32: z.string().describe("The same for typing in."),
    }),
    status: 201,
  },
  "POST /session/totp/confirm": {
    summary: "Takes the first code of the app that is being enrolled; or the code that the session waits for.",
    tag,
    access: "session",
    body: z.object({ code }),
    response: recoveryCodes.extend({
      recoveryCodes: recoveryCodes.shape.recoveryCodes.optional().describe("After an enrolment; shown this once."),
    }),
    maxBodyBytes: 1_024,
  },
  "DELETE /session/totp": {
    summary: "Removes my second factor, with one of its codes; or somebody else's, as an administrator of the cluster.",
    tag,
    access: "session",
    body: z.union([z.strictObject({ code }), z.strictObject({ cluster, dn: z.string().min(1).max(8_192) })]),
    maxBodyBytes: 16 * 1_024,
  },
  "POST /session/recovery-codes": {
    summary: "New recovery codes in place of the old ones.",
    tag,
    access: "session",
    body: z.object({ code }),
    response: recoveryCodes,
    maxBodyBytes: 1_024,
  },
  "GET /session/oidc/{provider}": {
    summary: "Sends the browser to an OpenID provider.",
    description: backToSignIn,
    tag,
    access: "public",
    isVisited: true,
    params: provider,
    query: z.object({
      returnTo: z
        .string()
        .max(1_024)
        .regex(/^\/(?![/\\])[^\\\s]*$/, "must be a path of this site")
        .optional()
        .describe("Where the browser goes once it is signed in: a path of this site."),
    }),
  },
  "GET /session/oidc/{provider}/callback": {
    summary: "Where the provider sends it back to: sets the session's cookie, and goes to the page.",
    description: backToSignIn,
    tag,
    access: "public",
    isVisited: true,
    params: provider,
    query: z.object({
      code: z.string().max(4_096).optional(),
      state: z.string().max(1_024).optional(),
      iss: z.string().max(1_024).optional(),
      session_state: z.string().max(1_024).optional(),
      error: z.string().max(256).optional(),
      error_description: z.string().max(1_024).optional(),
    }),
  },
});

/** What a session may use that has to see to its second factor first. */
export const openToRestricted: ReadonlySet<Route> = new Set<Route>([
  sessionRoutes["GET /session"],
  sessionRoutes["DELETE /session"],
  sessionRoutes["POST /session/totp"],
  sessionRoutes["POST /session/totp/confirm"],
]);
