// Publishes events to wsqueue-server by putting files into its queue directory. Needs nothing but Node 18.
//
//   const queue = new Publisher();                                  // of WSQUEUE_DIR
//   queue.publish("order.created", { id: 7 }, { channel: "orders" });
//
// No connection is made: publishing works with the server down, and the events wait. Where a call throws nothing is
// published: Refused for what the server would refuse, PublishError for a directory that cannot be written.
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const LIMIT = 1_048_576; // bytes of an event that the server takes
const BATCH_LIMIT = 67_108_864; // bytes of a batch
const FARTHEST = 366n * 86_400n * 1_000_000_000n; // nanoseconds that an event may wait for its time

/** An event that the server would refuse, or a member that it does not know. */
export class Refused extends TypeError {
  name = "Refused";
}

/** Nothing is held, or waits for its time, under the word that was given. */
export class NotHeld extends Error {
  name = "NotHeld";
}

/** The queue directory could not be used: `code` (ENOENT, …), `directory`, and `advice`, the next step. */
export class PublishError extends Error {
  name = "PublishError";

  constructor(error, step, directory) {
    const why = String(error.message).replace(/^\w+: (.*?), .*$/s, "$1");
    const advice = {
      ENOENT: "create it, or name the directory that wsqueue-server reads (WSQUEUE_DIR)",
      ENOTDIR: "name the directory that wsqueue-server reads (WSQUEUE_DIR)",
      EACCES: `let user ${process.geteuid()} create files there (ls -ld, usermod -aG GROUP), or run as one who may`,
      EROFS: "its file system is mounted read-only: mount it read-write, or move the queue",
      ENAMETOOLONG: "its file system takes no name so long: give the event a shorter id",
      EFBIG: "nothing was published: raise the limit for files (ulimit -f), then publish again",
      EMFILE: "nothing was published: publish again later",
    }[error.code === "EPERM" ? "EACCES" : error.code]
      ?? "nothing was published: make room, look at the disk (df, df -i, quota, dmesg), then publish again";
    super(`cannot ${step} in the queue directory ${directory}: ${why}; ${advice}`, { cause: error });
    Object.assign(this, { code: error.code, directory, advice });
  }
}

// What a member may be. Half a surrogate pair is in no UTF-8: it would come back as another character.
const isLabel = (value) => typeof value === "string" && /^[^\p{Cc}\p{Cs}]+$/u.test(value)
  && Buffer.byteLength(value) < 256;
const isInteger = (value) => Number.isSafeInteger(value)
  || (typeof value === "bigint" && value === BigInt.asIntN(64, value));
const isUser = (value) => isInteger(value) || isLabel(value);
const isChannel = (value) => typeof value === "string" && /^[A-Za-z0-9._:-]{1,255}$/.test(value);
const isTime = (value) => Number.isFinite(value) && Math.abs(value) < 2 ** 63;
const isBoolean = (value) => typeof value === "boolean";
const isText = (value) => typeof value === "string";
const list = (check, least = 0, alone = true, most = 1024) => (value) => Array.isArray(value)
  ? value.length >= least && value.length <= most && value.every(check) : alone && check(value);

const members = new Map(Object.entries({
  id: isUser, channel: list(isChannel, 1, true, LIMIT), channels: list(isChannel, 1, true, LIMIT),
  recipients: list(isUser, 0, false), except: list(isInteger), except_users: list(isUser), key: isUser,
  clear: isBoolean, timestamp: isTime, queued_at: isTime, expires_at: isTime, traceparent: isText,
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

/** Throws Refused for what the server would refuse, and for members that it does not know. */
export function check(event, given) {
  if (!isLabel(event)) throw new Refused("'event' has to be a text of 1 to 255 bytes without control characters");
  const isNone = (value) => value == null || (Array.isArray(value) && value.length === 0);
  for (const [name, value] of Object.entries(given)) {
    if (!members.has(name)) throw new Refused(`'${name}' is no member of an event${meant(name)}`);
    if (value != null && !members.get(name)(value)) throw new Refused(`'${name}' is not as it should be`);
  }
  if (given.key == null && given.clear) throw new Refused("'clear' wants a 'key'");
  if (given.key != null && !(given.recipients == null && isNone(given.except) && isNone(given.except_users))) {
    throw new Refused("'key' cannot stand beside 'recipients', 'except' and 'except_users'");
  }
}

// Names of this process, each later than the one before: a clock set back must not turn their order round. The threads
// of a process (worker_threads) have a counter and a random part each.
let last = 0n;
let count = 0;
const unixNow = () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
function nextName(due) {
  const now = unixNow();
  // A file's time, which orders events with ids, is one of microseconds here.
  last = due === undefined ? (now > last ? now : last + 1000n) : last;
  count += 1;
  const time = due === undefined ? last : due + BigInt(count);
  return `${String(time).padStart(19, "0")}-${process.pid}-${count}-${randomBytes(4).toString("hex")}`;
}

const OURS = /^(at-)?\d{19}-\d+-\d+-[\w.:@+=,]+$/;
/** The name of the event with an id of its own. */
function named(id) {
  const safe = [...Buffer.from(String(id))].map((byte) => /[A-Za-z0-9._:@+=,-]/.test(String.fromCharCode(byte))
    ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`).join("");
  return safe.length <= 197 ? `id-${safe}` : `id%${createHash("sha1").update(String(id)).digest("hex")}`;
}

/** JSON of a value; integers of 64 bits may be BigInts. */
function json(value) {
  return typeof value === "bigint" ? String(value)
    : Array.isArray(value) ? `[${value.map(json)}]` : JSON.stringify(value);
}

export class Publisher {
  /**
   * Publishes into a queue directory: the given one, that of WSQUEUE_DIR, or where wsqueue-publish would.
   * Options: `encode` makes JSON of a payload, instead of JSON.stringify; with `sync` an event survives a power cut;
   * `mode` is that of the files, which the server must be able to read.
   */
  constructor(directory = defaultDirectory(), { encode, sync = false, mode = 0o644 } = {}) {
    Object.assign(this, { directory, encode, sync, mode });
  }

  /** Publishes an event; `members` are further ones. One whose id is that of one that still waits is not written. */
  publish(event, payload = null, members = {}) {
    return this.#publish(event, payload, members);
  }

  /** Publishes several, each { event, payload, …members }: clients get all of them or none, in this order. */
  batch(events) {
    const lines = [...events].map(({ event, payload = null, ...members }, index) => {
      try {
        return `${this.#text(event, payload, members).replace(/[\r\n]/g, " ")}\n`;
      } catch (error) {
        if (error instanceof Refused) throw new Refused(`event ${index + 1} of the batch: ${error.message}`);
        throw error;
      }
    });
    const text = lines.join("");
    if (Buffer.byteLength(text) > BATCH_LIMIT) {
      throw new Refused(`the batch is larger than the ${BATCH_LIMIT} bytes that the server takes: publish parts`);
    }
    if (lines.length === 0) return null;
    const stem = nextName();
    this.#store(text, `${stem}.jsonl`);
    return this.#receipt(stem, `${stem}.jsonl`, true);
  }

  /** Publishes an event that is not sent before a time, a Date or Unix seconds; it waits in the queue. */
  at(when, event, payload = null, members = {}) {
    const due = when instanceof Date ? BigInt(when.getTime()) * 1_000_000n : BigInt(Math.round(when * 1e6)) * 1000n;
    if (due > unixNow() + FARTHEST) {
      throw new Refused("an event may wait for a year at most: publish it nearer to its time");
    }
    return this.#publish(event, payload, members, due > 0n ? due : 0n);
  }

  /** Publishes an event that is sent so many seconds from now. */
  in(seconds, event, payload = null, members = {}) {
    return this.at(Number(unixNow()) / 1e9 + seconds, event, payload, members);
  }

  /** Takes back an event that waits for its time. */
  cancel(id) {
    const names = [`at-${named(id)}.json`];
    if (String(id).startsWith("at-") && OURS.test(id)) names.push(`${id}.json`);
    this.#remove(names, `no event waits for its time under the id '${id}'`);
  }

  /** Writes an event that no server sees until it is released, and gives the word for that: before a commit. */
  hold(event, payload = null, members = {}) {
    const stem = members.id == null ? nextName() : named(members.id);
    // It is to have the id that is told now, and its file gets another name when it is released.
    const id = members.id ?? stem;
    const random = [...randomBytes(16)].map((byte) => "abcdefghijklmnopqrstuvwxyz012345"[byte & 31]).join("");
    this.#store(`${this.#text(event, payload, { ...members, id })}\n`, `.held-${stem}.${random}.json`);
    return `${id}.${random}`;
  }

  /** Publishes what is held under a word, by one rename: after a commit. */
  release(word) {
    const [id, held] = this.#held(word);
    const stem = nextName();
    let name = `${named(id)}.json`;
    let state = "other";
    try {
      setTime(this.#path(held), BigInt(stem.slice(0, 19)));
      if (held.startsWith(".held-id")) state = this.#reveal(held, name);
      if (state === "ours") fs.unlinkSync(this.#path(held));
      if (state === "other") fs.renameSync(this.#path(held), this.#path(name = `${stem}.json`));
      this.#syncNames();
    } catch (error) {
      throw error instanceof PublishError ? error : new PublishError(error, "release the event", this.directory);
    }
    return this.#receipt(id, name, state !== "ours");
  }

  /** Removes what is held under a word: after a rollback. */
  abort(word) {
    this.#remove([this.#held(word)[1]], `no event is held under '${word}'`);
  }

  /**
   * Waits until the server has sent what was published and deleted its file; a promise of { state, reason }: "sent",
   * "refused", "queued", or "no server" where for a second none held the queue. Who may not look into .failed and comes
   * after a refusal is told "sent".
   */
  async wait({ path }, seconds = 5) {
    const name = basename(path);
    let file;
    try {
      file = fs.openSync(this.#path(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOFOLLOW);
    } catch (error) {
      if (error.code !== "ENOENT") {
        throw new PublishError(error, `wait for the event, which is queued as ${name},`, this.directory);
      }
      return this.#isThere(".failed", name) ? { state: "refused", reason: this.#why(name) }
        : { state: "sent", reason: "" };
    }
    try {
      const start = performance.now();
      let served = start;
      for (let pause = 1; this.#isThere(name); pause = Math.min(2 * pause, 20)) {
        const now = performance.now();
        const isKept = isServed(this.directory) !== false;
        if (isKept) served = now;
        if (now - start >= seconds * 1000 || now - served > 1000) {
          return { state: isKept ? "queued" : "no server", reason: "" };
        }
        await new Promise((done) => setTimeout(done, pause));
      }
      return fs.fstatSync(file).nlink === 0 ? { state: "sent", reason: "" }
        : { state: "refused", reason: this.#why(name) };
    } finally {
      fs.closeSync(file);
    }
  }

  #publish(event, payload, members, due) {
    const text = `${this.#text(event, payload, members, due)}\n`;
    const { id } = members;
    if (id != null) {
      const names = [`${named(id)}.json`, `at-${named(id)}.json`];
      const waiting = names.find((name) => this.#owner(name) === process.geteuid());
      if (waiting) return this.#receipt(String(id), waiting, false);
      const name = names[due === undefined ? 0 : 1];
      const state = this.#store(text, name, due ?? BigInt(nextName().slice(0, 19)));
      if (state !== "other") return this.#receipt(String(id), name, state === "new");
    }
    const stem = due === undefined ? nextName() : `at-${nextName(due)}`;
    this.#store(text, `${stem}.json`);
    return this.#receipt(id == null ? stem : String(id), `${stem}.json`, true);
  }

  #text(event, payload, given, due) {
    check(event, given);
    let text;
    try {
      text = (this.encode ?? JSON.stringify)(payload);
      if (this.encode) JSON.parse(text);
    } catch (error) {
      throw new Refused(`the payload cannot be encoded as JSON: ${error.message}`, { cause: error });
    }
    if (text === undefined) throw new Refused("the payload is nothing that JSON knows");
    const now = Number((due ?? unixNow()) / 1000n) / 1e6;
    const all = Object.entries({ timestamp: Math.floor(now), queued_at: now, ...given })
      .filter(([, value]) => value != null).map(([name, value]) => `,${JSON.stringify(name)}:${json(value)}`);
    text = `{"event":${JSON.stringify(event)},"payload":${text}${all.join("")}}`;
    if (Buffer.byteLength(text) >= LIMIT) {
      throw new Refused(`the event is larger than the ${LIMIT} bytes that the server takes: publish a reference`);
    }
    if (depth(text) > 512) throw new Refused("more than 512 arrays and objects inside each other");
    return text;
  }

  /** Writes a hidden file and gives it its name; with a time, which it gets, the name may be taken: see #reveal. */
  #store(text, name, modified) {
    const hidden = `.${nextName()}.json.tmp`;
    const path = this.#path(hidden);
    let step = "create a file";
    let state = "new";
    try {
      const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
      const file = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      try {
        step = "write the event";
        fs.writeFileSync(file, text);
        fs.fchmodSync(file, this.mode); // Whatever the umask is, the server must be able to read it.
        if (modified !== undefined) setTime(file, modified);
        if (this.sync) fs.fdatasyncSync(file);
      } finally {
        fs.closeSync(file);
      }
      step = "name the event";
      if (modified === undefined) fs.renameSync(path, this.#path(name));
      else state = this.#reveal(hidden, name);
      if (state !== "new") fs.unlinkSync(path);
    } catch (error) {
      fs.rmSync(path, { force: true });
      throw new PublishError(error, step, this.directory);
    }
    this.#syncNames();
    return state;
  }

  /** Gives a file its name unless that is taken: "new", or who has it, "ours" or "other". */
  #reveal(hidden, name) {
    const owner = () => this.#owner(name) === process.geteuid() ? "ours" : "other";
    try {
      fs.linkSync(this.#path(hidden), this.#path(name));
    } catch (error) {
      if (error.code === "EEXIST") {
        if (this.#owner(name) !== null) return owner();
        fs.renameSync(this.#path(hidden), this.#path(name));
        return "new";
      }
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(error.code)) throw error;
      // A file system without links.
      if (this.#isThere(name)) return owner();
      fs.renameSync(this.#path(hidden), this.#path(name));
      return "new";
    }
    fs.unlinkSync(this.#path(hidden));
    return "new";
  }

  #syncNames() {
    if (!this.sync) return;
    let directory;
    try {
      directory = fs.openSync(this.directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    } catch {
      return; // A drop box that only takes.
    }
    try {
      fs.fsyncSync(directory);
    } catch (error) {
      throw new PublishError(error, "sync the event, which is queued and not to be published again,", this.directory);
    } finally {
      fs.closeSync(directory);
    }
  }

  #held(word) {
    const [, id, random] = /^(.+)\.([a-z0-5]{16})$/s.exec(word) ?? [];
    for (const stem of id ? [named(id), ...(OURS.test(id) ? [id] : [])] : []) {
      const name = `.held-${stem}.${random}.json`;
      if (this.#isThere(name)) return [id, name];
    }
    throw new NotHeld(`no event is held under '${word}' in the queue directory ${this.directory}: it was released or `
      + "aborted before, or held in another queue; give the word that hold() gave");
  }

  #remove(names, message) {
    for (const name of names) {
      try {
        return fs.unlinkSync(this.#path(name));
      } catch (error) {
        if (error.code !== "ENOENT") throw new PublishError(error, "remove the event", this.directory);
      }
    }
    throw new NotHeld(`${message} in the queue directory ${this.directory}`);
  }

  #status(...names) {
    return fs.lstatSync(this.#path(...names), { throwIfNoEntry: false });
  }

  #isThere(...names) {
    try {
      return this.#status(...names) !== undefined;
    } catch {
      return false;
    }
  }

  #owner(name) {
    const status = this.#status(name);
    // What a publisher of ours leaves that is killed before it takes the hidden name away: it is no event.
    if (status?.isFile() && status.nlink > 1 && status.uid === process.geteuid()) return null;
    return status === undefined ? null : status.isFile() ? status.uid : -1;
  }

  #why(name) {
    try {
      return fs.readFileSync(this.#path(".failed", `${name}.why`), "utf8").trim();
    } catch {
      return "";
    }
  }

  #path(...names) {
    return join(this.directory, ...names);
  }

  #receipt(id, name, isNew) {
    return { id, path: this.#path(name), isNew };
  }
}

/** Publishes one event into a directory and gives its id: new Publisher(directory).publish(…).id */
export function publish(directory, event, payload = null, members = {}) {
  return new Publisher(directory).publish(event, payload, members).id;
}

/** Sets a file's time, Unix nanoseconds, as exactly as Node can: to the microsecond, of which it cuts off the rest. */
function setTime(file, nanoseconds) {
  const seconds = (Number(nanoseconds / 1000n) + 0.5) / 1e6;
  if (typeof file === "number") fs.futimesSync(file, seconds, seconds);
  else fs.utimesSync(file, seconds, seconds);
}

function depth(text) {
  let [now, most] = [0, 0];
  if (text.replace(/[^[{]+/g, "").length <= 512) return 0;
  for (const one of text.replace(/"(?:[^"\\]|\\.)*"|[^[\]{}]+/g, "")) {
    now += one === "[" || one === "{" ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}

/** Whether a server holds the queue; undefined where that cannot be told. */
function isServed(directory) {
  const { O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants;
  let fifo;
  try {
    fifo = fs.openSync(join(directory, ".server"), O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    if (error.code !== "ENXIO" && error.code !== "ENOENT") return undefined;
    try {
      // A FIFO has its readers on one machine; where it cannot tell, a server sets the time of its address anew.
      return Date.now() - fs.lstatSync(join(directory, ".address")).mtimeMs < 10_000 ? undefined : false;
    } catch {
      return false;
    }
  }
  try {
    const status = fs.fstatSync(fifo);
    const isTrusted = [0, process.geteuid(), fs.statSync(directory).uid].includes(status.uid);
    return status.isFIFO() && isTrusted ? true : undefined;
  } finally {
    fs.closeSync(fifo);
  }
}

/** ./queue while a server holds it and it is the caller's or root's, else /var/spool/wsqueue where that exists. */
function defaultDirectory() {
  const installed = "/var/spool/wsqueue";
  if (process.env.WSQUEUE_DIR || !fs.existsSync(installed)) return process.env.WSQUEUE_DIR || "queue";
  try {
    const owners = [fs.lstatSync("queue").uid, fs.statSync("queue").uid];
    const isOurs = owners.every((owner) => owner === 0 || owner === process.geteuid());
    return isOurs && isServed("queue") ? "queue" : installed;
  } catch {
    return installed;
  }
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  // node wsqueue.mjs DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
  const [directory, event, payload = "null", members = "{}"] = process.argv.slice(2);
  publish(directory, event, JSON.parse(payload), JSON.parse(members));
}
