import { defineRule } from "../../engine/rule.ts";
import { isUsable, suppressionComments } from "../../engine/suppression-comment.ts";

export const sup001 = defineRule({
  id: "SUP001",
  title: "suppression cannot be used",
  severity: "high",
  profile: "lab",
  reads: ["file"],
  fix: "none",
  explanation: `A comment that is to excuse a finding names the rule and says why somebody has taken it on: the next person has to know whether that still holds. Without a reason it excuses nothing, and is a finding itself.

Write \`# espalier-ignore CMP001: why it is taken on\`, with an end where there is one: \`# espalier-ignore CMP001 until 2026-12-31: …\`. The comment stands on the line that it is about, on the line before, or within it.`,
  references: ["docs/check.md, “Suppressions”"],
  *find(project) {
    for (const file of project.of("file")) {
      for (const comment of suppressionComments(file)) {
        if (isUsable(comment)) continue;
        yield {
          subject: file.path,
          message: `the suppression in line ${comment.location.line} of ${file.path} ${comment.problem}`,
          at: comment.location,
          path: "",
          value: file.text.slice(comment.location.start, comment.location.end),
          fix: "# espalier-ignore CMP001 until 2026-12-31: why it is taken on, in a sentence",
        };
      }
    }
  },
});
