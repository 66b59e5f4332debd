/**
 * The proxy beside HAProxy and stunnel, in front of the same servers and in one run: speed, crowds, faults, writes, administration; and in
 * front of 389 Directory Server.
 */
import { parseArgs } from "node:util";
import { buildLoadGenerator } from "./load-generator.ts";
import { measureAdministration } from "./proxy-administration.ts";
import { measureCrowds } from "./proxy-crowd.ts";
import { measureDirectory389 } from "./proxy-directory-389.ts";
import { measureFaults } from "./proxy-faults.ts";
import { createProxySite, type ProxySite } from "./proxy-site.ts";
import { measureSpeed } from "./proxy-speed.ts";
import { measureWrites } from "./proxy-writes.ts";

const parts: Readonly<Record<string, (site: ProxySite, only: string) => Promise<void>>> = {
  speed: measureSpeed,
  crowd: measureCrowds,
  faults: measureFaults,
  writes: measureWrites,
  administration: measureAdministration,
  directory389: measureDirectory389,
};

const help = `npm run bench -- proxy [${Object.keys(parts).join(" | ")}]... [--rounds 3] [--seconds 4] [--only TEXT]
  parts      which of them; all unless said
  --rounds   how often each work is taken on each proxy, in turns; the median counts
  --seconds  how long each time
  --only     of "speed": just the rows whose description has this text`;

export async function benchProxy(parameters: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "4" },
      only: { type: "string", default: "" },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.filter((name) => parts[name] === undefined);
  if (values.help || unknown.length > 0) return console.log(help);
  await buildLoadGenerator();
  await using site = await createProxySite(Number(values.rounds), Number(values.seconds));
  for (const [name, measure] of Object.entries(parts)) {
    if (positionals.length === 0 || positionals.includes(name)) await measure(site, values.only);
  }
}
