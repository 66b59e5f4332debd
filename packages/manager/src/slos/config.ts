/** `manager.prometheus`: where the figures of service level objectives are. */
import { z } from "zod";

const url = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    "must be an http or https URL such as https://prometheus.example.com",
  )
  .refine((text) => {
    if (!URL.canParse(text)) return true;
    const { username, password, search, hash } = new URL(text);
    return username === "" && password === "" && search === "" && hash === "";
  }, "must have no name, no password and no ? or #: it is shown to auditors")
  .transform((text) => (text.endsWith("/") ? text : `${text}/`));

export const prometheusConfig = z.strictObject({
  url: url.describe("Which evaluates the rules of `espalier slo generate`: `http://127.0.0.1:9090`."),
  caFile: z
    .string()
    .min(1)
    .optional()
    .describe("Certificates (PEM) of the authority of its https, in place of those of the system."),
});

export type PrometheusConfig = z.output<typeof prometheusConfig>;
