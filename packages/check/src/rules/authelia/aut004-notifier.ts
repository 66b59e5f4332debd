import { defineRule } from "../../engine/rule.ts";
import { isOn } from "../directory/environments.ts";
import { isSaidBeside, settingOf } from "./settings.ts";

export const aut004 = defineRule({
  id: "AUT004",
  title: "Authelia's mail reaches nobody",
  severity: "medium",
  profile: "production",
  reads: ["authelia"],
  fix: "none",
  explanation: `The codes and links by which people enrol a second factor or reset a password go through the notifier. The one that writes them into a file is for trying things out: in production nobody gets them, and whoever reads that file can take over an account. The check at the start tells you that mail does not work before a user does.`,
  references: ["Authelia, Notifications, filesystem, smtp and disable_startup_check"],
  *find(project) {
    for (const config of project.of("authelia")) {
      const { file, root } = config;
      const filesystem = root.get("notifier", "filesystem");
      const smtp = root.get("notifier", "smtp");
      if (
        filesystem !== undefined &&
        filesystem.scalar !== null &&
        smtp === undefined &&
        !isSaidBeside(project, config, "notifier", "smtp")
      ) {
        yield {
          subject: file.path,
          message: "codes and links are written into a file instead of being mailed",
          at: filesystem.keyLocation ?? filesystem.location,
          path: filesystem.pathText,
          value: "filesystem",
          fix: "notifier:\n  smtp:\n    address: 'submission://mail.example.com:587'\n    username: 'authelia@example.com'\n    sender: 'Authelia <authelia@example.com>'\n# and the password as AUTHELIA_NOTIFIER_SMTP_PASSWORD_FILE",
        };
      }
      const check = settingOf(project, config, ["notifier", "disable_startup_check"]);
      if (check === undefined || !isOn(check.text)) continue;
      yield {
        subject: file.path,
        message: "whether mail can be sent is not checked at the start: disable_startup_check is true",
        ...check.place,
        value: true,
        fix: "notifier:\n  disable_startup_check: false",
      };
    }
  },
});
