// Publishes events from Node: write under a name that begins with a dot, then rename. Nothing to install.
import { randomBytes } from "node:crypto";
import { chmodSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LIMIT = 1_048_576; // bytes of an event that the server takes
let last = 0n;

// Half a surrogate pair is in no UTF-8: it would come back as another character.
const isLabel = (value) => typeof value === "string" && /^[^\p{Cc}\p{Cs}]+$/u.test(value)
  && Buffer.byteLength(value) < 256;
const isUser = (value) => Number.isSafeInteger(value) || isLabel(value);
const isChannel = (value) => typeof value === "string" && /^[A-Za-z0-9._:-]{1,255}$/.test(value);
const isBoolean = (value) => typeof value === "boolean";
const isText = (value) => typeof value === "string";
const list = (check, least = 0, alone = true, most = 1024) => (value) => Array.isArray(value)
  ? value.length >= least && value.length <= most && value.every(check) : alone && check(value);

const members = new Map(Object.entries({
  id: isUser, channel: list(isChannel, 1, true, LIMIT), channels: list(isChannel, 1, true, LIMIT),
  recipients: list(isUser, 0, false), except: list(Number.isSafeInteger), except_users: list(isUser), key: isUser,
  clear: isBoolean, timestamp: Number.isFinite, queued_at: Number.isFinite, expires_at: Number.isFinite,
  traceparent: isText,
}));

/** The member that a name was most likely meant to be: the one whose beginning and end it shares. */
function meant(name) {
  const plain = (text) => text.toLowerCase().replace(/[-_]/g, "");
  const distance = (one, other) => {
    let [start, end] = [0, 0];
    const least = Math.min(one.length, other.length);
    while (start < least && one[start] === other[start]) start += 1;
    while (end < least - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
    return Math.max(one.length, other.length) - start - end;
  };
  const near = [...members.keys(), "event", "payload"].map((one) => [distance(plain(name), plain(one)), one]);
  const [[far, nearest]] = near.sort(([one], [other]) => one - other);
  return far < 3 ? `; is '${nearest}' meant?` : "";
}

/** Throws a TypeError for what the server would refuse, and for members that it does not know. */
export function check(event, given) {
  if (!isLabel(event)) throw new TypeError("'event' has to be a text of 1 to 255 bytes without control characters");
  const isNone = (value) => value == null || (Array.isArray(value) && value.length === 0);
  for (const [name, value] of Object.entries(given)) {
    if (!members.has(name)) throw new TypeError(`'${name}' is no member of an event${meant(name)}`);
    if (value != null && !members.get(name)(value)) throw new TypeError(`'${name}' is not as it should be`);
  }
  if (given.key == null && given.clear) throw new TypeError("'clear' wants a 'key'");
  if (given.key != null && !(given.recipients == null && isNone(given.except) && isNone(given.except_users))) {
    throw new TypeError("'key' cannot stand beside 'recipients', 'except' and 'except_users'");
  }
}

/** Queues one event for wsqueue-server and gives its id; `members` are further ones, such as { channel: "orders" }. */
export function publish(directory, event, payload = null, members = {}) {
  check(event, members);
  if (JSON.stringify(payload) === undefined) throw new TypeError("the payload is nothing that JSON knows");
  const text = JSON.stringify({ event, payload, timestamp: Math.floor(Date.now() / 1000), ...members });
  if (Buffer.byteLength(text) > LIMIT) throw new TypeError(`the event is larger than ${LIMIT} bytes`);
  // Always later than the last one: a clock set back must not turn this process's order round.
  const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
  last = now > last ? now : last + 1n;
  const name = `${String(last).padStart(19, "0")}-${process.pid}-1-${randomBytes(4).toString("hex")}`;
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
  return String(members.id ?? name);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // node wsqueue.mjs DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
  const [directory, event, payload = "null", members = "{}"] = process.argv.slice(2);
  publish(directory, event, JSON.parse(payload), JSON.parse(members));
}
