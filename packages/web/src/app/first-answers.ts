/** What the first screen shows and `server.ts` had asked for with the page: waited for, so that it is drawn once and not first without. */
import { basePath } from "../api/client.ts";
import { clustersQuery } from "../screens/home/home.tsx";
import { queryClient } from "./query-client.ts";
import { router } from "./router.tsx";
import { sessionQuery } from "./session.ts";

/** A server that takes longer is waited for in sight. */
const patienceMs = 300;

export async function firstAnswers(): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, patienceMs));
  await Promise.race([late, Promise.allSettled([router.load(), fetchAnswers()])]);
}

/** Home alone shows more than the session, to who may see more than that. */
async function fetchAnswers(): Promise<void> {
  const session = await queryClient.fetchQuery(sessionQuery);
  const isHome = location.pathname === basePath;
  if (isHome && session !== null && session.secondFactor.restriction === undefined) {
    await queryClient.prefetchQuery(clustersQuery);
  }
}
