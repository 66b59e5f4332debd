/** Each claim about speed and size, as a command that measures it. It measures and prints; it asserts nothing. */
import { benchAccept } from "./accept.ts";
import { benchCheck } from "./check.ts";
import { benchEvents } from "./events.ts";
import { benchGateway } from "./gateway.ts";
import { benchIdle } from "./idle.ts";
import { benchManager } from "./manager.ts";
import { benchPage } from "./page.ts";
import { benchProxy } from "./proxy.ts";
import { benchRefresh } from "./refresh.ts";
import { benchScale } from "./scale.ts";

const commands: Readonly<Record<string, { run: (parameters: readonly string[]) => Promise<void>; about: string }>> = {
  gateway: { run: benchGateway, about: "the gateway's operations beside slapd's" },
  scale: { run: benchScale, about: "loading 1,000,000 users, a look-up among them, and the memory of each" },
  refresh: { run: benchRefresh, about: "how long a search waits while 100,000 users are read again" },
  proxy: {
    run: benchProxy,
    about: "the proxy beside HAProxy and stunnel: speed, crowds, faults, writes, administration",
  },
  events: { run: benchEvents, about: "durable events a second, and questions among 1,000,000 of them" },
  accept: { run: benchAccept, about: "webhooks that are accepted a second, beside one that keeps nothing" },
  manager: {
    run: benchManager,
    about: "the manager's pages, streams, groups and comparisons over 100,000 entries",
  },
  page: {
    run: benchPage,
    about: "the browser page: its scripts, its first screen, a tree of 100,000, a search as one types",
  },
  check: { run: benchCheck, about: "a check of 80 services in 60 compose files, beside dclint" },
  idle: { run: benchIdle, about: "the memory of 5,000 idle TLS connections" },
};

const [name = "", ...parameters] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  const lines = Object.entries(commands).map(([noun, { about }]) => `  npm run bench -- ${noun.padEnd(8)}  ${about}`);
  console.error(`What is to be measured?\n${lines.join("\n")}\nEach takes --help.`);
  process.exitCode = 2;
} else {
  await command.run(parameters);
}
