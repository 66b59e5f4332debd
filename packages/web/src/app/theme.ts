/** How it looks: one green, generous text, and nothing that only colour tells. */
import { createTheme, type MantineColorsTuple } from "@mantine/core";

const leaf: MantineColorsTuple = [
  "#eaf7f0",
  "#d6ece0",
  "#abd9c1",
  "#7dc59f",
  "#57b483",
  "#3fa971",
  "#2b8258",
  "#22704a",
  "#16623e",
  "#07542f",
];

export const theme = createTheme({
  primaryColor: "leaf",
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  colors: { leaf },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace:
    "ui-monospace, 'Cascadia Code', 'Source Code Pro', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  headings: { fontWeight: "650" },
});
