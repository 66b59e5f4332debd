/** What the proxy itself answers instead of a backend: every result code and text in one place. RFC 4511 §4.1.9, appendix A. */
import { ResultCode } from "@espalier/ldap";

/** `by` is what log and metrics count it as; `undefined` for what is an answer and no refusal. */
export interface Refusal {
  readonly resultCode: number;
  readonly text: string;
  readonly by: string | undefined;
}

export const Refusals = {
  /** Connected but full: lloadd's busy. */
  busy: {
    resultCode: ResultCode.busy,
    text: "every directory server is busy; try again later",
    by: "queue",
  },
  /** Nothing connected: lloadd's unavailable. */
  unavailable: {
    resultCode: ResultCode.unavailable,
    text: "no directory server can be reached; try again later",
    by: "unavailable",
  },
  cutShort: {
    resultCode: ResultCode.unavailable,
    text: "the directory server was lost before the answer was complete; search again",
    by: "lost",
  },
  stateLost: {
    resultCode: ResultCode.unavailable,
    text: "the directory server that kept the state of this operation was lost; start it again from the beginning",
    by: "lost",
  },
  inDoubt: {
    resultCode: ResultCode.other,
    text: "the directory server was lost before it answered: outcome unknown, not retried; look whether the change was made",
    by: "inDoubt",
  },
  internalError: {
    resultCode: ResultCode.other,
    text: "internal error of the proxy",
    by: "internalError",
  },
  emptyPassword: {
    resultCode: ResultCode.unwillingToPerform,
    text: "a bind with a name needs a password: an empty one proves nothing",
    by: "emptyPassword",
  },
  passwordWithoutName: {
    resultCode: ResultCode.inappropriateAuthentication,
    text: "a bind with a password needs a name",
    by: "bind",
  },
  version: {
    resultCode: ResultCode.protocolError,
    text: "LDAP version 3 only",
    by: "bind",
  },
  mechanism: {
    resultCode: ResultCode.authMethodNotSupported,
    text: "this SASL mechanism does not work through the proxy",
    by: "bind",
  },
  noCertificate: {
    resultCode: ResultCode.invalidCredentials,
    text: "EXTERNAL needs a client certificate that the proxy trusts",
    by: "bind",
  },
  externalIdentity: {
    resultCode: ResultCode.invalidCredentials,
    text: "EXTERNAL binds as the subject of the client certificate and as nobody else",
    by: "bind",
  },
  identityNotLearned: {
    resultCode: ResultCode.other,
    text: "the directory server accepted the bind but did not say who it is (Who am I?); bind with a DN",
    by: "bind",
  },
  proxiedAuthorization: {
    resultCode: ResultCode.authorizationDenied,
    text: "the proxy does not pass on proxied authorization; bind as the identity that is wanted",
    by: "proxiedAuthorization",
  },
  tlsIsOn: {
    resultCode: ResultCode.operationsError,
    text: "TLS is on already",
    by: "startTls",
  },
  tlsWithOutstanding: {
    resultCode: ResultCode.operationsError,
    text: "StartTLS has to wait until every other operation has ended",
    by: "startTls",
  },
  tlsNotOffered: {
    resultCode: ResultCode.protocolError,
    text: "StartTLS is not offered here",
    by: "startTls",
  },
  tooManyPersistent: {
    resultCode: ResultCode.busy,
    text: "too many persistent searches on one connection",
    by: "pendingPerClient",
  },
  draining: {
    resultCode: ResultCode.unavailable,
    text: "the proxy is being stopped; connect again and start over",
    by: "drain",
  },
  unknownCriticalControl: {
    resultCode: ResultCode.unavailableCriticalExtension,
    text: "the proxy answers a search of the root DSE itself and does not know this critical control",
    by: undefined,
  },
  canceled: {
    resultCode: ResultCode.canceled,
    text: "",
    by: undefined,
  },
  noSuchOperation: {
    resultCode: ResultCode.noSuchOperation,
    text: "",
    by: undefined,
  },
  cannotCancel: {
    resultCode: ResultCode.cannotCancel,
    text: "only searches and compares can be cancelled once they are under way",
    by: undefined,
  },
} as const satisfies Record<string, Refusal>;

/** What a client reads in the notice of disconnection when its authorization cannot go on. RFC 4511 §4.4.1. */
export const Disconnections = {
  authorizationLost: {
    resultCode: ResultCode.strongerAuthRequired,
    text: "the directory server that held this session was lost and the bind could not be repeated; connect and bind again",
  },
  /** A bind that no server could verify is no refusal of the password: clients try their next server only when they lose this one. */
  bindUnavailable: {
    resultCode: ResultCode.unavailable,
    text: "no directory server can be reached to verify the bind; try again later",
  },
} as const;
