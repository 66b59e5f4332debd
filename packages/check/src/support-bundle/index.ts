/** `@espalier/check/support-bundle`: what is given to somebody who is to help. */
export { type BundleFile, type BundleSources, gatherBundle, writeBundle } from "./bundle.ts";
export { Scrubber } from "./scrub.ts";
