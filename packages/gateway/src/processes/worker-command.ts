/** What the command calls a process of several that serve one gateway. */
export const workerCommand = "gateway-worker";
