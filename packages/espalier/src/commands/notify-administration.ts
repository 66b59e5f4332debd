/** What `espalier notify test | enable | rejected | dead …` do: each resolves to the exit code. */
import {
  type DeadLetterFilter,
  DeadLetters,
  type Delivery,
  DeliveryError,
  enableChannel,
  listRejections,
  type NotifyConfig,
  sendTestMessage,
} from "@espalier/notify";
import { createLog } from "@espalier/service";
import { exitCode } from "../exit-code.ts";
import { visible } from "./visible.ts";
import { type StoreAccess, withStore } from "./with-store.ts";

interface Output {
  write(text: string): unknown;
}

/** Exit code 1 when it does not arrive. @throws ConfigurationError */
export async function testChannel(config: NotifyConfig, channel: string, out: Output): Promise<number> {
  const logger = createLog({ level: "warn", destination: 2 }).logger("notify");
  const outcome = await sendTestMessage(config, channel, logger);
  if (outcome === undefined) {
    const names = Object.keys(config.channels).join(", ") || "none";
    process.stderr.write(`There is no channel ${channel}; the configuration has: ${names}.\n`);
    return exitCode.usage;
  }
  if (outcome.status === "delivered") {
    out.write(
      `${channel} has taken the message${outcome.detail === undefined ? "" : `: ${visible(outcome.detail)}`}.\n`,
    );
    return exitCode.ok;
  }
  const meaning = {
    retry: "it would be tried again",
    failed: "it would not be tried again",
    disabled: "the channel would be disabled",
  };
  out.write(`${channel} has not taken the message (${meaning[outcome.status]}): ${visible(outcome.reason)}\n`);
  return exitCode.findings;
}

export function enableAgain(access: StoreAccess, channel: string, actor: string, out: Output): Promise<number> {
  return withStore(access, async ({ store, log }) => {
    if (!(await enableChannel(store, log, channel, actor))) {
      process.stderr.write(`The channel ${channel} is not disabled.\n`);
      return exitCode.usage;
    }
    out.write(
      `The channel ${channel} is used again. What died meanwhile: espalier notify dead replay --channel ${channel}\n`,
    );
    return exitCode.ok;
  });
}

export function listRejected(
  access: StoreAccess,
  wanted: { readonly source?: string; readonly limit?: number },
  json: boolean,
  out: Output,
): Promise<number> {
  return withStore(access, async ({ store }) => {
    for (const each of await listRejections(store, wanted)) {
      if (json) {
        out.write(`${JSON.stringify(each)}\n`);
        continue;
      }
      const { time, source, address, statusCode, reason, headers, body, bodyBytes } = each;
      const lines = [
        `${new Date(time).toISOString()}  ${statusCode}  ${source}  from ${address}: ${reason}`,
        ...Object.entries(headers).map(([name, value]) => `    ${name}: ${value}`),
        `    ${bodyBytes} bytes: ${body}`,
      ];
      out.write(`${lines.map(visible).join("\n")}\n`);
    }
    return exitCode.ok;
  });
}

export function listDead(
  access: StoreAccess,
  filter: DeadLetterFilter,
  page: { readonly limit?: number; readonly cursor?: string },
  json: boolean,
  out: Output,
): Promise<number> {
  return withDead(access, async (dead) => {
    const { deliveries, cursor } = await dead.list(filter, page);
    for (const each of deliveries) out.write(json ? `${JSON.stringify(each)}\n` : `${visible(formatDelivery(each))}\n`);
    if (cursor !== undefined) process.stderr.write(`There are more: --cursor ${cursor}\n`);
    return exitCode.ok;
  });
}

export function showDead(access: StoreAccess, id: string, out: Output): Promise<number> {
  return withDead(access, async (dead) => {
    const letter = await dead.show(id);
    const lines = [
      formatDelivery(letter),
      ...letter.failures.map(
        ({ attempt, time, reason }) => `  attempt ${attempt} at ${new Date(time).toISOString()}: ${reason}`,
      ),
      ...letter.told.map(({ id: event, type, severity, subject, data }) => {
        const details = data === undefined ? "" : `  ${JSON.stringify(data)}`;
        return `  event ${event}  ${severity}  ${type}  ${subject}${details}`;
      }),
      ...(letter.told.length < letter.events ? ["  The log has removed others of its events."] : []),
    ];
    out.write(`${lines.map(visible).join("\n")}\n`);
    return exitCode.ok;
  });
}

/** @param which undefined: nothing was said */
export function replayDead(
  access: StoreAccess,
  which: string | DeadLetterFilter | undefined,
  actor: string,
  out: Output,
): Promise<number> {
  if (which === undefined) return refuse("Which? Give an id, a filter, or --all.");
  return withDead(access, async (dead) => {
    if (typeof which === "string") {
      await dead.replay(which, actor);
      out.write("It is sent again.\n");
      return exitCode.ok;
    }
    const { replayed, skipped } = await dead.replayAll(which, actor);
    const left = skipped === 0 ? "" : ` ${skipped} are left, because their channels are disabled.`;
    out.write(`${replayed} are sent again.${left}\n`);
    return exitCode.ok;
  });
}

/** @param which undefined: nothing was said */
export function purgeDead(
  access: StoreAccess,
  which: DeadLetterFilter | undefined,
  actor: string,
  out: Output,
): Promise<number> {
  if (which === undefined) return refuse("Which? Give a filter, or --all.");
  return withDead(access, async (dead) => {
    out.write(`${await dead.purge(which, actor)} were thrown away.\n`);
    return exitCode.ok;
  });
}

function withDead(access: StoreAccess, use: (dead: DeadLetters) => Promise<number>): Promise<number> {
  return withStore(access, async ({ store, log }) => {
    try {
      return await use(new DeadLetters({ store, log }));
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      return refuse(`${error.message[0]?.toUpperCase()}${error.message.slice(1)}.`);
    }
  });
}

async function refuse(sentence: string): Promise<number> {
  process.stderr.write(`${sentence}\n`);
  return exitCode.usage;
}

function formatDelivery({
  id,
  finishedAt,
  severity,
  channel,
  route,
  attempts,
  events,
  reason,
  state,
}: Delivery): string {
  const when = finishedAt === undefined ? "" : `  ${new Date(finishedAt).toISOString()}`;
  const about = `${events === 1 ? "1 event" : `${events} events`}, ${attempts === 1 ? "1 attempt" : `${attempts} attempts`}`;
  return `${id}${when}  ${state}  ${severity}  ${route} → ${channel}  (${about})  ${reason ?? ""}`.trimEnd();
}
