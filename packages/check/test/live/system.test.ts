/** What is seen of the machine: its disks, its queue, its backups, and what it starts by itself. */
import { describe, expect, it } from "vitest";
import { observeHost } from "../../src/live/host.ts";
import { observe } from "../../src/live/observe.ts";
import type { LiveTargets } from "../../src/live/targets.ts";
import { folderOf } from "../project.ts";

const nothing: LiveTargets = { endpoints: [], nodes: [], storage: [], host: false };
const now = Date.now;

describe("a look at the system", () => {
  it("finds how full a disk is, and says where it could not look", async () => {
    const root = folderOf({ "store/espalier.db": "" });
    const storage = [
      { name: "store", path: `${root}/store` },
      { name: "backups", path: `${root}/nowhere` },
    ];
    const { documents, unseen, unreadable } = await observe({ ...nothing, storage }, { now });
    expect(documents.storage).toEqual([
      { name: "store", path: `${root}/store`, freeBytes: expect.any(Number), sizeBytes: expect.any(Number) },
    ]);
    const [{ freeBytes, sizeBytes } = { freeBytes: 0, sizeBytes: 0 }] = documents.storage;
    expect(freeBytes).toBeGreaterThan(0);
    expect(freeBytes).toBeLessThan(sizeBytes);
    expect(unseen).toEqual([{ kind: "storage", subjects: ["backups"] }]);
    expect(unreadable.map(({ subject, message }) => [subject, message])).toEqual([
      ["backups", expect.stringMatching(/^it could not be looked at: ENOENT/)],
    ]);
  });

  it("asks for the queue, and does not wait for one that hangs", async () => {
    const queue = { waiting: 1, oldestSeconds: 2, dead: 3 };
    const answered = await observe({ ...nothing, queue: async () => queue }, { now });
    expect(answered.documents.queue).toEqual([queue]);
    const startedAt = performance.now();
    const hanging = await observe({ ...nothing, queue: () => new Promise(() => undefined) }, { now });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(hanging.documents.queue).toEqual([]);
    expect(hanging.unseen).toEqual([{ kind: "queue", subjects: [] }]);
    expect(hanging.unreadable).toEqual([
      { subject: "queue", message: "it could not be looked at: it did not answer in time" },
    ]);
  });

  it("has no receipts where there is no folder of backups, and does not believe one that nobody signed", async () => {
    const root = folderOf({ "backups/receipts/2026-01-01T000000Z-drill-x.json": "{}" });
    const none = await observe({ ...nothing, backups: { directory: `${root}/none` } }, { now });
    expect(none.documents.backupReceipts).toEqual([{ target: `${root}/none`, receipts: [], isOnSameDisk: false }]);
    const odd = await observe({ ...nothing, backups: { directory: `${root}/backups` } }, { now });
    expect(odd.documents.backupReceipts).toEqual([{ target: `${root}/backups`, receipts: [], isOnSameDisk: false }]);
    expect(odd.unreadable.map(({ subject }) => subject)).toEqual([`${root}/backups`]);
  });
});

const wants = "etc/systemd/system/multi-user.target.wants";

describe("the machine", () => {
  it("is bare where nothing is started by itself", async () => {
    expect(await observeHost(folderOf({ "etc/hostname": "ldap1\n" }))).toEqual({
      ...{ hasDocker: false, hasFirewall: false, hasFail2ban: false, hasAutomaticUpdates: false },
    });
  });

  it("has what systemd starts, what apt does by itself, and Docker's configuration", async () => {
    const root = folderOf({
      [`${wants}/nftables.service`]: "",
      [`${wants}/fail2ban.service`]: "",
      "etc/apt/apt.conf.d/20auto-upgrades": 'APT::Periodic::Unattended-Upgrade "1";\n',
      "etc/docker/daemon.json": '{"live-restore": true}',
      "usr/bin/dockerd": "",
    });
    expect(await observeHost(root)).toEqual({
      ...{ dockerDaemon: '{"live-restore": true}', hasDocker: true },
      ...{ hasFirewall: true, hasFail2ban: true, hasAutomaticUpdates: true },
    });
  });

  it("has no firewall where ufw is started and switched off, and no updates where a later file takes them back", async () => {
    const files = {
      [`${wants}/ufw.service`]: "",
      "etc/ufw/ufw.conf": "ENABLED=no\n",
      "etc/apt/apt.conf.d/20auto-upgrades": 'APT::Periodic::Unattended-Upgrade "1";\n',
      "etc/apt/apt.conf.d/99local": '// by hand\nAPT::Periodic::Unattended-Upgrade "0";\n',
    };
    expect(await observeHost(folderOf(files))).toMatchObject({ hasFirewall: false, hasAutomaticUpdates: false });
    const on = { ...files, "etc/ufw/ufw.conf": "ENABLED=yes\n" };
    expect(await observeHost(folderOf(on))).toMatchObject({ hasFirewall: true });
  });

  it("is not seen from within a container", async () => {
    expect(await observeHost(folderOf({ ".dockerenv": "", "etc/hostname": "f00\n" }))).toBeUndefined();
  });
});
