/** How it looks: one green, generous text, and nothing that only colour tells. */
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple, Modal, Notification } from "@mantine/core";

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
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  colors: { leaf },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace:
    "ui-monospace, 'Cascadia Code', 'Source Code Pro', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  headings: { fontWeight: "650" },
  components: {
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" } } }),
    Modal: Modal.extend({
      defaultProps: { closeButtonProps: { "aria-label": "Close" } },
      styles: { title: { fontWeight: 650, fontSize: "var(--mantine-font-size-lg)" } },
    }),
  },
});

/** Mantine's own greys and reds of text are too pale on what they stand on: 4.5 to 1 is the least that WCAG 2.2 (1.4.3) allows. */
export const textColours: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#5c636a",
    "--mantine-color-placeholder": "#6a727a",
    "--mantine-color-error": "#c92a2a",
  },
  dark: {
    "--mantine-color-dimmed": "#a6a6a6",
    "--mantine-color-placeholder": "#a0a0a0",
    "--mantine-color-error": "#ff8787",
  },
});
