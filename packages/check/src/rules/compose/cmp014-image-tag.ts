import { defineRule } from "../../engine/rule.ts";
import { imageOf } from "./image.ts";
import { servicesOf } from "./service.ts";

export const cmp014 = defineRule({
  id: "CMP014",
  title: "image is not pinned",
  severity: "medium",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `An image without a tag, or with \`latest\`, is another one after the next pull: an update nobody decided, which cannot be taken back because nobody knows what ran before.

Name the version. With its digest (\`@sha256:…\`) it is the same image even if somebody moves the tag; \`docker buildx imagetools inspect IMAGE\` prints it.`,
  references: ["Docker documentation, “Image digests”", "OCI image specification, “Digests”"],
  *find(project, { profile }) {
    for (const { service } of servicesOf(project)) {
      const image = imageOf(service);
      if (image === undefined || image.digest !== undefined) continue;
      // What is built here gets its name here.
      if (service.node.get("build") !== undefined) continue;
      const isMoving = image.tag === undefined || /^(?:latest|stable|main|master|edge|nightly)$/.test(image.tag);
      if (!isMoving && profile !== "strict") continue;
      yield {
        subject: service.name,
        message: isMoving
          ? `${service.name} takes whatever ${image.text} is at the next pull`
          : `${service.name} trusts that the tag of ${image.text} is never moved`,
        at: image.node,
        value: image.text,
        severity: isMoving ? "medium" : "low",
        fix: isMoving
          ? `image: ${image.text.replace(/:[^:/]+$/, "")}:VERSION   # the version that runs now: docker image inspect ${image.text}`
          : `image: ${image.text}@sha256:…   # docker buildx imagetools inspect ${image.text}`,
      };
    }
  },
});
