/** What can wait until the screen that it belongs to has been drawn, and what it would ask the API. */
import { startTransition, useEffect, useState } from "react";

export function Afterwards({ children }: { readonly children: React.ReactNode }) {
  const [isDrawn, setDrawn] = useState(false);
  useEffect(() => startTransition(() => setDrawn(true)), []);
  return isDrawn && children;
}
