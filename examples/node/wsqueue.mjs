// Publishes events from Node: write under a name that begins with a dot, then rename. Nothing to install.
import { randomBytes } from "node:crypto";
import { chmodSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

let last = 0n;

/** Queues one event for wsqueue-server and gives its id; `members` are further ones, such as { channel: "orders" }. */
export function publish(directory, event, payload = null, members = {}) {
  // Always later than the last one: a clock set back must not turn this process's order round.
  const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
  last = now > last ? now : last + 1n;
  const name = `${String(last).padStart(19, "0")}-${process.pid}-1-${randomBytes(4).toString("hex")}`;
  const text = JSON.stringify({ event, payload, timestamp: Math.floor(Date.now() / 1000), ...members });
  const hidden = join(directory, `.${name}.tmp`);
  try {
    writeFileSync(hidden, text, { flag: "wx" });
    // Whatever the umask is, the server must be able to read it.
    chmodSync(hidden, 0o644);
    renameSync(hidden, join(directory, `${name}.json`));
  } catch (error) {
    rmSync(hidden, { force: true });
    throw error;
  }
  return name;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [directory, event, payload = "null"] = process.argv.slice(2);
  publish(directory, event, JSON.parse(payload));
}
