/** Whatever went wrong, as what the API answers. */
import { LdapError, ParseError, ResultCode, resultCodeName } from "@espalier/ldap";
import { LdapClientError } from "@espalier/ldap/client";
import { StoreError } from "@espalier/service";
import { ApiError, type LdapProblem, type ProblemCode } from "./problem.ts";

/** Sentences for a person, by what the directory answered. */
const sentences: Readonly<Record<number, readonly [ProblemCode, string]>> = {
  [ResultCode.noSuchObject]: ["no_such_entry", "There is no such entry, or you may not see it."],
  [ResultCode.entryAlreadyExists]: ["already_exists", "There is an entry with this name already."],
  [ResultCode.notAllowedOnNonLeaf]: ["not_empty", "The entry has others below it."],
  [ResultCode.insufficientAccessRights]: ["not_allowed", "The directory does not let you do this."],
  [ResultCode.invalidCredentials]: ["wrong_credentials", "The directory did not accept this name and password."],
  [ResultCode.assertionFailed]: ["conflict", "The entry has changed since it was read."],
  [ResultCode.constraintViolation]: ["refused_by_directory", "A value breaks a rule of the directory."],
  [ResultCode.objectClassViolation]: [
    "refused_by_directory",
    "The entry would break the schema: an attribute is missing, or not allowed by its object classes.",
  ],
  [ResultCode.invalidAttributeSyntax]: [
    "refused_by_directory",
    "A value is not written as its attribute's syntax wants.",
  ],
  [ResultCode.undefinedAttributeType]: ["refused_by_directory", "The directory does not know this attribute."],
  [ResultCode.attributeOrValueExists]: ["refused_by_directory", "The entry has this value already."],
  [ResultCode.noSuchAttribute]: ["refused_by_directory", "The entry does not have this attribute or value."],
  [ResultCode.namingViolation]: ["refused_by_directory", "The directory does not allow an entry with this name here."],
  [ResultCode.confidentialityRequired]: [
    "refused_by_directory",
    "The directory takes this only over an encrypted connection: turn TLS on there, and see `tls` of the cluster.",
  ],
  [ResultCode.unwillingToPerform]: ["refused_by_directory", "The server refuses to do this."],
  [ResultCode.busy]: ["unavailable", "The server is too busy at the moment."],
  [ResultCode.unavailable]: ["unavailable", "The server is not available at the moment."],
  [ResultCode.timeLimitExceeded]: ["timed_out", "The server gave up: it took longer than its time limit."],
  [ResultCode.sizeLimitExceeded]: ["refused_by_directory", "The server gives no more entries than its size limit."],
  [ResultCode.adminLimitExceeded]: ["refused_by_directory", "The search is larger than the server allows."],
};

export function ldapProblem(error: LdapError, node?: string): LdapProblem {
  return {
    code: error.resultCode,
    name: resultCodeName(error.resultCode),
    diagnosticMessage: error.diagnosticMessage,
    ...(error.matchedDn ? { matchedDn: error.matchedDn } : {}),
    ...(node === undefined ? {} : { node }),
  };
}

/** @param node which server it came from, where that is known */
export function asApiError(error: unknown, node?: string): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof LdapError) {
    const [code, title] = sentences[error.resultCode] ?? ["refused_by_directory", "The directory refused this."];
    return new ApiError(code, title, { ldap: ldapProblem(error, node), cause: error });
  }
  if (error instanceof LdapClientError) {
    const code = error.code === "ERR_OPERATION_TIMEOUT" ? "timed_out" : "unavailable";
    return new ApiError(code, `${node ?? "The server"} does not answer: ${error.message}`, { cause: error });
  }
  if (error instanceof ParseError) return new ApiError("invalid_request", error.message, { cause: error });
  if (error instanceof StoreError) {
    return new ApiError("unavailable", "The store is away at the moment: nothing was done.", {
      retryAfter: 10,
      cause: error,
    });
  }
  const { statusCode } = error as { statusCode?: number };
  if (statusCode === 413) return new ApiError("too_large", "The body is too large.", { cause: error });
  if (statusCode !== undefined && statusCode < 500) {
    return new ApiError("invalid_request", (error as Error).message, { cause: error });
  }
  return new ApiError("internal", "Internal error; the log says more.", { cause: error });
}
