/** What services that are reached over HTTP share: the server, its limits and its headers. Apart from the rest, which loads without it. */
export { AddressGate, networkOf } from "./address-gate.ts";
export { type AnsweredRequest, countConnections, observeRequests } from "./request-observer.ts";
export { createHttpServer, type HttpServerOptions } from "./server.ts";
export { TokenBuckets } from "./token-bucket.ts";
export { trustedProxies } from "./trusted-proxies.ts";
