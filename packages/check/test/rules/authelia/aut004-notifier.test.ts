import { expect, test } from "vitest";
import { aut004 } from "../../../src/rules/authelia/aut004-notifier.ts";
import { detailsOf, findingsOf } from "../../project.ts";

const path = "authelia/configuration.yml";

test("mail that goes into a file, and is not tried at the start, is found", () => {
  const files = {
    [path]: "notifier:\n  disable_startup_check: true\n  filesystem:\n    filename: /config/notification.txt\n",
  };
  expect(detailsOf(findingsOf(aut004, files))).toEqual([
    {
      subject: path,
      severity: "medium",
      message: "whether mail can be sent is not checked at the start: disable_startup_check is true",
      place: `${path}:2:26`,
      path: "notifier.disable_startup_check",
      fix: "notifier:\n  disable_startup_check: false",
      edits: [],
    },
    {
      subject: path,
      severity: "medium",
      message: "codes and links are written into a file instead of being mailed",
      place: `${path}:3:3`,
      path: "notifier.filesystem",
      fix: "notifier:\n  smtp:\n    address: 'submission://mail.example.com:587'\n    username: 'authelia@example.com'\n    sender: 'Authelia <authelia@example.com>'\n# and the password as AUTHELIA_NOTIFIER_SMTP_PASSWORD_FILE",
      edits: [],
    },
  ]);
  expect(findingsOf(aut004, files, { profile: "lab" })).toEqual([]);
});

test("a variable of the service switches the check off as well", () => {
  const files = {
    [path]: "notifier:\n  smtp:\n    address: smtp://mail\n",
    "compose.yaml":
      "services:\n  sso:\n    image: authelia/authelia\n    environment:\n      - AUTHELIA_NOTIFIER_DISABLE_STARTUP_CHECK=true\n",
  };
  expect(findingsOf(aut004, files).map(({ path: at }) => at)).toEqual([
    "services.sso.environment.AUTHELIA_NOTIFIER_DISABLE_STARTUP_CHECK",
  ]);
});

test("mail that is sent is right, wherever it is configured", () => {
  const smtp = "notifier:\n  smtp:\n    address: smtp://mail\n";
  expect(findingsOf(aut004, { [path]: smtp })).toEqual([]);
  const beside = {
    [path]: "notifier:\n  filesystem: null\n",
    "authelia/configuration.mail.yml": smtp,
  };
  expect(findingsOf(aut004, beside)).toEqual([]);
});
