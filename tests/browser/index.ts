/** The public names of `@espalier/tests/browser`: the page with its directory, and ways around in it. */
export { type PageSite, pageBase, pageCluster, startPageSite } from "./page-site.ts";
export { signInAsAdministrator } from "./screens.ts";
