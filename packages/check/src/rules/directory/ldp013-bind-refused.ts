import { defineRule } from "../../engine/rule.ts";

export const ldp013 = defineRule({
  id: "LDP013",
  title: "the account that clients bind as is refused",
  severity: "high",
  profile: "lab",
  reads: ["node"],
  fix: "none",
  explanation: `The server answers, and refuses the account that is configured for it: an expired or changed password, a locked account, or another name. Programs that bind as it before they look anybody up let nobody in, and each of their tries may prolong the lock.`,
  references: ["RFC 4511, section 4.2.2 and appendix A"],
  *find(project) {
    for (const { group, name, bind } of project.of("node")) {
      if (bind === undefined || bind === "ok") continue;
      yield {
        subject: name,
        message: `${name} refuses the bind that ${group} is configured with: ${bind.code}`,
        path: group,
        value: bind.code,
        fix: `Set the account's password anew, in the directory and in the configuration of ${group}; where the directory locks accounts, unlock it`,
      };
    }
  },
});
