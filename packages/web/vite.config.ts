/** Builds the page into dist/, with addresses that are relative to `<base>`: the service puts it under any path. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const api = process.env.ESPALIER_API ?? "http://127.0.0.1:8000";

export default defineConfig(({ command }) => {
  // Else a build out of a test, where it is `test`, would be React's for development, of twice the size and the work.
  if (command === "build") process.env.NODE_ENV = "production";
  return {
    base: "./",
    plugins: [react()],
    build: {
      target: "es2024",
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 700,
      manifest: true,
      // What the first screen needs comes in one piece: a browser asks for six things at a time.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] } } },
    },
    server: { proxy: { "/api": api } },
  };
});
