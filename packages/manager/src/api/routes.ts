/** Every route of the API. */
export const apiRoutes = {};

export type ApiRoutes = typeof apiRoutes;
