import { defineRule } from "../../engine/rule.ts";
import { absent, append, isTrue, pasted, servicesOf, set } from "./service.ts";

const scratch = "/tmp:noexec,nosuid,nodev";

export const cmp008 = defineRule({
  id: "CMP008",
  title: "root file system of a container is writable",
  severity: "medium",
  profile: "strict",
  reads: ["compose"],
  fix: "unsafe",
  explanation: `What cannot write to its own programs cannot be made to keep a foreign one. With \`read_only\` only volumes and tmpfs can be written to.

Try it: a program that writes elsewhere says so at its start, and that path becomes a tmpfs.`,
  references: ["Compose specification, “read_only” and “tmpfs”", "CIS Docker Benchmark, 5.12"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      if (isTrue(service.node.get("read_only")?.text)) continue;
      const tmpfs = service.node.get("tmpfs");
      // One path by itself is no list that another could be added to.
      const hasScratch =
        tmpfs?.kind === "scalar" ||
        tmpfs?.items().some(({ text }) => text?.split(":")[0] === "/tmp") === true ||
        service.mounts.some(({ target }) => target === "/tmp");
      yield {
        ...absent(service, "read_only"),
        message: `${service.name} can write to its own root file system`,
        fix: pasted(service, "read_only: true", ...(hasScratch ? [] : [`tmpfs: ["${scratch}"]`])),
        edits: [set(service, ["read_only"], true), ...(hasScratch ? [] : [append(service, ["tmpfs"], scratch)])],
      };
    }
  },
});
