/** Starts the page. */
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "./app/page.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { firstAnswers } from "./app/first-answers.ts";
import { queryClient } from "./app/query-client.ts";
import { router } from "./app/router.tsx";
import { textColours, theme } from "./app/theme.ts";
import { Afterwards } from "./parts/afterwards.tsx";

/** The service gives each page a nonce of its own, without which no style may be added to it. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.nonce;
// Of the styles with which dialogs keep the page behind them from scrolling.
if (nonce !== undefined) setNonce(nonce);

await firstAnswers();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={textColours}
      defaultColorScheme="auto"
      {...(nonce ? { getStyleNonce: () => nonce } : {})}
    >
      <QueryClientProvider client={queryClient}>
        <Afterwards>
          <Notifications position="bottom-right" />
        </Afterwards>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
