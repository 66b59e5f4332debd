/** What the access log says about a request, read where it stands. */
import { Oid, ParseError } from "@espalier/ldap";
import { readControls } from "../frame/controls.ts";
import type { Frame } from "../frame/frame.ts";
import { peekBind, peekExtendedRequest, peekSearch, peekTarget } from "../frame/peek.ts";
import { describeFilter } from "../observe/describe-filter.ts";
import { type OperationName, operationName } from "../observe/operation-name.ts";
import type { OperationRecord } from "../observe/operation-record.ts";

type RequestDescription = Pick<
  OperationRecord,
  "operation" | "target" | "scope" | "filter" | "isPaged" | "authentication" | "oid"
>;

/** For a frame whose tag is that of a request. */
export function nameOf(frame: Frame): OperationName {
  return operationName(frame.opTag) ?? "extended";
}

/** For a frame whose tag is that of a request. What cannot be read is left out. */
export function describeRequest(frame: Frame): RequestDescription {
  const operation = nameOf(frame);
  try {
    switch (operation) {
      case "search": {
        const { baseObject, scope } = peekSearch(frame);
        const isPaged = readControls(frame).some(({ controlType }) => controlType === Oid.pagedResults);
        const filter = filterOf(frame);
        return {
          ...{ operation, target: baseObject, scope },
          ...(filter === undefined ? {} : { filter }),
          ...(isPaged ? { isPaged } : {}),
        };
      }
      case "bind": {
        const { name, mechanism = "simple" } = peekBind(frame);
        return { operation, target: name, authentication: mechanism };
      }
      case "extended":
        return { operation, oid: peekExtendedRequest(frame).requestName };
      case "unbind":
      case "abandon":
        return { operation };
      default: {
        const target = peekTarget(frame);
        return target === undefined ? { operation } : { operation, target };
      }
    }
  } catch (error) {
    if (error instanceof ParseError) return { operation };
    throw error;
  }
}

/** Apart from the rest: who looks into the log still wants to know what was searched. */
function filterOf(frame: Frame): string | undefined {
  try {
    return describeFilter(frame);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
