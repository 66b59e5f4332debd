/** Host keys of SSH: pinned from one scan, and compared again later. */
export { InputError } from "../inputs/source-file.ts";
export { type PinnedHost, type PinQuestion, PinRefusal, pinHosts } from "./pin.ts";
export { type Scan, ScanError, scanHost } from "./scan.ts";
export { parseScanTarget, type ScanTarget } from "./target.ts";
export { type VerifiedHost, verifyHosts } from "./verify.ts";
