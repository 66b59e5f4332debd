// Asks the process in this container whether it is ready to serve: exit code 0 if so. For HEALTHCHECK, without curl.
const listen = process.env.METRICS_LISTEN ?? "127.0.0.1:9400";
const [, host, port] = /^(.+):(\d+)$/.exec(listen) ?? [];
process.exitCode = 1;
if (port === undefined) {
  say(`METRICS_LISTEN is ${listen}: the health of this container is asked there, so it needs a port`);
} else {
  // What listens on all addresses listens on loopback.
  const address = { "0.0.0.0": "127.0.0.1", "[::]": "[::1]" }[host] ?? host;
  try {
    const answer = await fetch(`http://${address}:${port}/readyz`, { signal: AbortSignal.timeout(4_000) });
    if (answer.ok) process.exitCode = 0;
    else say((await answer.text()).slice(0, 500));
  } catch (error) {
    say(`nothing answers on ${address}:${port}: ${error.cause?.code ?? error.name}`);
  }
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
