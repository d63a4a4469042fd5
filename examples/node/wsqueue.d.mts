/** What may stand beside an event's name and payload. */
export interface Members {
  /** Two of one id are one event, while the first waits or is in the server's history. */
  id?: string | number | bigint | null;
  channel?: string | readonly string[] | null;
  channels?: string | readonly string[] | null;
  /** Only these users' clients get it. */
  recipients?: readonly (string | number | bigint)[] | null;
  /** Connections that do not get it. */
  except?: number | bigint | readonly (number | bigint)[] | null;
  except_users?: string | number | bigint | readonly (string | number | bigint)[] | null;
  /** The event is the state of this key until another has it, or `clear` ends it. */
  key?: string | number | bigint | null;
  clear?: boolean | null;
  /** Unix seconds. */
  timestamp?: number | null;
  queued_at?: number | null;
  expires_at?: number | null;
  traceparent?: string | null;
}

/** What was published: its id, its file, and whether this call wrote it (one of its id may have waited). */
export interface Receipt {
  readonly id: string;
  readonly path: string;
  readonly isNew: boolean;
}

export interface Delivery {
  readonly state: "sent" | "refused" | "queued" | "no server";
  /** Why the server refused it, where this user may read that. */
  readonly reason: string;
}

export interface Options {
  /** Makes JSON of a payload; JSON.stringify otherwise. */
  encode?: (payload: any) => string;
  /** Whether an event survives a power cut. */
  sync?: boolean;
  /** Of the files; 0o644 otherwise. */
  mode?: number;
}

export interface Event extends Members {
  event: string;
  payload?: unknown;
}

export class Publisher {
  readonly directory: string;
  /** The directory is that of WSQUEUE_DIR where none is given. */
  constructor(directory?: string, options?: Options);
  publish(event: string, payload?: unknown, members?: Members): Receipt;
  batch(events: Iterable<Event>): Receipt | null;
  at(when: Date | number, event: string, payload?: unknown, members?: Members): Receipt;
  in(seconds: number, event: string, payload?: unknown, members?: Members): Receipt;
  cancel(id: string | number): void;
  hold(event: string, payload?: unknown, members?: Members): string;
  release(word: string): Receipt;
  abort(word: string): void;
  wait(receipt: Pick<Receipt, "path">, seconds?: number): Promise<Delivery>;
}

/** An event that the server would refuse, or a member that it does not know. */
export class Refused extends TypeError {}
/** Nothing is held, or waits for its time, under the word that was given. */
export class NotHeld extends Error {}
/** The queue directory could not be used. */
export class PublishError extends Error {
  readonly code: string;
  readonly directory: string;
  readonly advice: string;
}

export function check(event: string, members: Members): void;
/** Publishes one event into a directory and gives its id. */
export function publish(directory: string, event: string, payload?: unknown, members?: Members): string;
