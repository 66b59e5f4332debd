/** Files of a format that is not known here: a value is written as it is, and must stay on its line. */
import { hasLineBreak, type Language } from "./language.ts";

export const plainLanguage: Language = {
  name: "plain",
  escape(_, fills, { report }) {
    return fills.flatMap((fill) => {
      if (!hasLineBreak(fill.value)) return [{ ...fill, text: fill.value }];
      report(
        fill,
        "has a line break, which would begin a new line of the file; write {{NAME|raw}} where that is meant",
      );
      return [];
    });
  },
};
