import { describe, expect, it } from "vitest";
import type { Profile } from "../../../src/engine/rule.ts";
import type { ObservedHost } from "../../../src/observed/system.ts";
import { hst001 } from "../../../src/rules/host/hst001-machine.ts";
import { findingsOf, observed } from "../../project.ts";

const bare: ObservedHost = { hasDocker: false, hasFirewall: false, hasFail2ban: false, hasAutomaticUpdates: false };
const prepared: ObservedHost = { hasDocker: false, hasFirewall: true, hasFail2ban: true, hasAutomaticUpdates: true };

function messagesOf(host: ObservedHost, profile?: Profile): string[] {
  const options = profile === undefined ? {} : { profile };
  return findingsOf(hst001, observed({ host: [host] }), options).map(({ path, message }) => `${path}: ${message}`);
}

describe("HST001", () => {
  it("finds that a bare machine has no firewall and no updates, and in the strict profile nothing against guessing", () => {
    const asked = ["firewall: no firewall is started with this machine"];
    asked.push("updates: security updates are not installed by themselves on this machine");
    expect(messagesOf(bare, "production")).toEqual(asked);
    expect(messagesOf(bare).toSorted()).toEqual(
      ["fail2ban: nothing on this machine shuts out addresses that guess passwords", ...asked].toSorted(),
    );
  });

  it("finds nothing on a machine that is prepared, and asks nothing of Docker where there is none", () => {
    expect(messagesOf(prepared)).toEqual([]);
  });

  it("finds what Docker does by default, where it is installed and told nothing", () => {
    expect(messagesOf({ ...prepared, hasDocker: true })).toEqual([
      "/etc/docker/daemon.json live-restore: Docker on this machine stops every container whenever Docker's daemon is restarted or updated",
      "/etc/docker/daemon.json log-opts: Docker on this machine lets the logs of containers grow until the disk is full",
      "/etc/docker/daemon.json userland-proxy: Docker on this machine runs a process for each published port, behind which clients' addresses are lost",
    ]);
  });

  it("is content with a daemon that is told, and with logs that go elsewhere", () => {
    const told = { "live-restore": true, "userland-proxy": false, "log-opts": { "max-size": "10m" } };
    const journal = { "live-restore": true, "userland-proxy": false, "log-driver": "journald" };
    for (const settings of [told, journal]) {
      expect(messagesOf({ ...prepared, hasDocker: true, dockerDaemon: JSON.stringify(settings) })).toEqual([]);
    }
  });

  it("says nothing of a daemon.json that Docker would not take", () => {
    expect(messagesOf({ ...prepared, hasDocker: true, dockerDaemon: "{ half" })).toEqual([]);
    expect(messagesOf({ ...prepared, hasDocker: true, dockerDaemon: "[]" })).toEqual([]);
  });

  it("finds the same in a daemon.json among the files, at its place", () => {
    const files = { "docker/daemon.json": '{\n  "log-driver": "json-file",\n  "live-restore": false\n}\n' };
    const found = findingsOf(hst001, files, { profile: "production" });
    expect(
      found.map(({ location, path, message }) => `${location?.file}:${location?.line} ${path}: ${message}`),
    ).toEqual([
      "docker/daemon.json:1 log-opts: Docker with docker/daemon.json lets the logs of containers grow until the disk is full",
      "docker/daemon.json:3 live-restore: Docker with docker/daemon.json stops every container whenever Docker's daemon is restarted or updated",
    ]);
    const [first] = found;
    expect(first).toMatchObject({ rule: "HST001", severity: "medium", subject: "docker/daemon.json", edits: [] });
  });
});
