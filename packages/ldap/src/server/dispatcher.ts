/** Which code runs an operation, and what becomes of its errors. RFC 4511 §4.1.11, §4.2, §4.12. */
import type { BindRequest, ExtendedRequest, RequestOp } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { ResultCode } from "../result-code.ts";
import type { Connection } from "./connection.ts";
import type { ExtendedHandler, Handled, LdapHandler, OperationName } from "./handler.ts";
import type { ServerOperation } from "./operation.ts";
import { whoAmI } from "./who-am-i.ts";

const operationNames: Readonly<Partial<Record<RequestOp["type"], OperationName>>> = {
  bindRequest: "bind",
  searchRequest: "search",
  modifyRequest: "modify",
  addRequest: "add",
  delRequest: "del",
  modifyDnRequest: "modifyDn",
  compareRequest: "compare",
  extendedRequest: "extended",
};

/** An extended operation of the server's own: it reaches past itself, so no handler can stand in for it. */
export type BuiltInExtended<State> = (
  request: ExtendedRequest,
  operation: ServerOperation<State>,
  connection: Connection<State>,
) => void;

export class Dispatcher<State> {
  readonly #handler: LdapHandler<State>;
  readonly #builtIn: ReadonlyMap<string, BuiltInExtended<State>>;
  readonly #extended: ReadonlyMap<string, ExtendedHandler<State>>;
  readonly #supportedControls: ReadonlyMap<OperationName, ReadonlySet<string>>;

  constructor(handler: LdapHandler<State>, builtIn: Readonly<Record<string, BuiltInExtended<State>>>) {
    this.#handler = handler;
    this.#builtIn = new Map(Object.entries(builtIn));
    this.#extended = new Map(Object.entries({ [Oid.whoAmI]: whoAmI, ...handler.extended }));
    this.#supportedControls = new Map(
      Object.entries(handler.supportedControls ?? {}).map(([name, oids]) => [name as OperationName, new Set(oids)]),
    );
  }

  /** The OIDs of every extended operation that is answered, for a root DSE's `supportedExtension`. */
  get supportedExtensions(): readonly string[] {
    return [...new Set([...this.#builtIn.keys(), ...this.#extended.keys()])].sort();
  }

  /** The OIDs of every control that some operation honours, for a root DSE's `supportedControl`. */
  get supportedControls(): readonly string[] {
    return [...new Set([...this.#supportedControls.values()].flatMap((oids) => [...oids]))].sort();
  }

  /** Runs `operation`. Never throws: what goes wrong is the operation's result. */
  run(operation: ServerOperation<State>, connection: Connection<State>): void {
    try {
      if (operation.controls.length > 0 && !this.#honoursCritical(operation)) return;
      const handled = this.#handle(operation, connection);
      if (handled !== undefined) this.#await(handled, operation);
    } catch (error) {
      operation.fail(error);
    }
  }

  /** "If the server does not recognize the control type or it is not appropriate": RFC 4511 §4.1.11. */
  #honoursCritical(operation: ServerOperation<State>): boolean {
    const supported = this.#supportedControls.get(operationNames[operation.request.type]!);
    for (const { controlType, criticality } of operation.controls) {
      if (criticality && !supported?.has(controlType)) {
        operation.end({
          resultCode: ResultCode.unavailableCriticalExtension,
          diagnosticMessage: `the critical control ${controlType} is not supported here`,
        });
        return false;
      }
    }
    return true;
  }

  #handle(operation: ServerOperation<State>, connection: Connection<State>): Handled {
    const handler = this.#handler;
    const { request } = operation;
    switch (request.type) {
      case "searchRequest":
        if (handler.search !== undefined) return handler.search(request, operation);
        break;
      case "bindRequest":
        return this.#bind(request, operation);
      case "compareRequest":
        if (handler.compare !== undefined) return handler.compare(request, operation);
        break;
      case "addRequest":
        if (handler.add !== undefined) return handler.add(request, operation);
        break;
      case "modifyRequest":
        if (handler.modify !== undefined) return handler.modify(request, operation);
        break;
      case "delRequest":
        if (handler.del !== undefined) return handler.del(request, operation);
        break;
      case "modifyDnRequest":
        if (handler.modifyDn !== undefined) return handler.modifyDn(request, operation);
        break;
      case "extendedRequest":
        return this.#runExtended(request, operation, connection);
    }
    operation.end({
      resultCode: ResultCode.unwillingToPerform,
      diagnosticMessage: "this server does not offer the operation",
    });
  }

  #bind(request: BindRequest, operation: ServerOperation<State>): Handled {
    if (request.version !== 3) {
      operation.end({
        resultCode: ResultCode.protocolError,
        diagnosticMessage: `LDAP version ${request.version} is not supported; use version 3`,
      });
      return;
    }
    if (this.#handler.bind !== undefined) return this.#handler.bind(request, operation);
    const { authentication } = request;
    const isAnonymous = authentication.type === "simple" && request.name === "" && authentication.password.length === 0;
    operation.end(isAnonymous ? ResultCode.success : ResultCode.authMethodNotSupported);
  }

  #runExtended(request: ExtendedRequest, operation: ServerOperation<State>, connection: Connection<State>): Handled {
    const builtIn = this.#builtIn.get(request.requestName);
    if (builtIn !== undefined) return builtIn(request, operation, connection);
    const extended = this.#extended.get(request.requestName);
    if (extended !== undefined) return extended(request, operation);
    // "If the server does not recognize the request name, it MUST return only the response fields from LDAPResult."
    operation.end({
      resultCode: ResultCode.protocolError,
      diagnosticMessage: `the extended operation ${request.requestName} is not supported`,
    });
  }

  #await(handled: Promise<void>, operation: ServerOperation<State>): void {
    operation.isHandlerPending = true;
    handled.then(
      () => operation.handlerSettled(),
      (error: unknown) => {
        operation.fail(error);
        operation.handlerSettled();
      },
    );
  }
}
