/** Builds the page into dist/, with addresses that are relative to `<base>`: the service puts it under any path. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const api = process.env.ESPALIER_API ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "./",
  plugins: [react()],
  build: { target: "es2024", assetsInlineLimit: 0, chunkSizeWarningLimit: 600, manifest: true },
  server: { proxy: { "/api": api } },
});
