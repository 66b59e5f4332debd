/** The public names of `@espalier/manager`. */
export { apiRoutes } from "./api/routes.ts";
