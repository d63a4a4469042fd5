/** What a connection is doing. After `denied` it does not come back by itself. */
export type WSQueueStatus = "connecting" | "catching-up" | "live" | "offline" | "denied";

/** An event as the server sent it. */
export interface WSQueueEvent<Payload = unknown> {
  event: string;
  payload: Payload;
  /** Unix seconds. */
  timestamp: number;
  id: string | number;
  /** Its place in the order of events. */
  seq?: number;
  /** Only for an event that has one: the first of its channels that this client listens to. */
  channel?: string;
  /** Only for an event that has one: the state that it is, until another event has the same key. */
  key?: string;
  /** Only for an event that has one: its trace context (W3C). */
  traceparent?: string;
}

/** What another client sent into a channel; it is heard under the name `message`. It is not kept, and so never caught up. */
export interface WSQueueMessage<Message = unknown> {
  event: "message";
  message: Message;
  channel: string;
  /** The connection that sent it. */
  sender: number;
  /** Unix seconds. */
  time: number;
}

/** A user who is in a presence channel. */
export interface WSQueueMember {
  user: string;
  status: string;
  activity?: unknown;
  info?: unknown;
}

/** Who is in a channel, or some of them: heard under the name `presence`, too, after a subscription. */
export interface WSQueuePresence {
  channel: string;
  members: WSQueueMember[];
  /** How many there are in all. */
  count: number;
  /** Where to go on asking, when these are not all. */
  next?: number;
}

/** Events that this client missed and cannot get any more: load the state that they would have changed. */
export interface WSQueueGap {
  /** Where this client stood. */
  from: string;
  /** Where it goes on. */
  to: string;
  /** trimmed: longer away than the journal goes back; epoch: the numbering began anew; cursor: `since` was none. */
  reason: "trimmed" | "epoch" | "cursor";
}

/** The state of one channel, or of all that is listened to, begins or ends: the newest event of each key comes between. */
export interface WSQueueState {
  begin?: true;
  /** Only for one channel. */
  channel?: string;
  /** At the end: how many events it was; a key that was not among them has no state (any more). */
  keys?: number;
  /** At the end: whether there was room for all of it. */
  complete?: boolean;
  cursor?: string;
}

/** What the server refused, or the page's token callback could not give. */
export interface WSQueueError {
  /** Such as `forbidden`, `rate_limited`; of the client itself: `token`, `address`, `malformed`. */
  code: string;
  /** The server's words, or what was thrown. */
  error?: unknown;
  channel?: string;
  /** Seconds. */
  retry_after?: number;
}

/** Details of a change of status. */
export interface WSQueueStatusChange {
  status: WSQueueStatus;
  /** Why the connection ended (RFC 6455, section 7.4). */
  code?: number;
  reason?: string;
  /** Milliseconds until it is tried again. */
  delay?: number;
}

/** Where the cursor is kept between page loads: a Storage, or anything with these two. */
export interface WSQueueStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export interface WSQueueOptions {
  /** Channels and patterns to listen to; events without a channel come anyway. */
  channels?: string[];
  /** Only events of these names; `*` stands for any part of a name. */
  events?: string[];
  /** Also the newest event of each key, at each connection; `on("state")` hears where they begin and end. */
  state?: boolean;
  /** A JSON Web Token, or a function that gives one: it is asked at each connection and before a token ends. */
  token?: string | (() => string | null | undefined | Promise<string | null | undefined>);
  /** Begin behind this cursor, whatever is in the store: the one that the server's `/cursor` gave when the page was made.
      Or with what came since then: all, latest, an age such as 10m, a time such as 2026-11-21T08:00:00Z. */
  since?: string;
  /** sessionStorage by default: a reload misses nothing. localStorage: neither does who comes back. null: begin with now. */
  store?: WSQueueStore | null;
}

export class WSQueue {
  /**
   * Connects, and comes back whenever the connection is lost, until `close()`.
   * @param url Where the server is, "/" by default; http and https are taken as ws and wss.
   */
  constructor(url?: string | URL, options?: WSQueueOptions);

  readonly url: URL;
  readonly status: WSQueueStatus;
  /** The number by which a publisher leaves this client out (`except`); null while there is no connection. */
  readonly connectionId: number | null;
  /** Everything up to here has been handled: where the next connection goes on. */
  readonly cursor: string | null;
  readonly channels: string[];
  /** failures counts what handlers threw: it is reported, and the other handlers are called all the same. */
  readonly counters: { received: number; duplicates: number; gaps: number; connections: number; failures: number };

  on(name: "status", handler: (status: WSQueueStatus, change: WSQueueStatusChange) => void): () => void;
  on(name: "gap", handler: (gap: WSQueueGap) => void): () => void;
  /** Only with the option `state`. */
  on(name: "state", handler: (state: WSQueueState) => void): () => void;
  on(name: "error", handler: (error: WSQueueError) => void): () => void;
  on<Message = unknown>(name: "message", handler: (message: Message, whole: WSQueueMessage<Message>) => void): () => void;
  on(name: "presence", handler: (members: WSQueueMember[], whole: WSQueuePresence) => void): () => void;
  /**
   * Calls `handler` with the payload of each event of this name, the event, and its JSON as it came (a number in it may be
   * longer than JavaScript can hold). In the name `*` stands for any part. Published events that are called `status`, `gap`
   * or `error` are heard by globs only.
   * @returns Takes the handler away.
   */
  on<Payload = any>(
    name: string, handler: (payload: Payload, event: WSQueueEvent<Payload>, text: string) => void): () => void;
  /** Takes a handler away, or all of this name. */
  off(name: string, handler?: (...values: any[]) => void): void;

  /** Listens to further channels or patterns, from now on and after each reconnect. A refusal is an `error` event. */
  subscribe(...channels: string[]): void;
  unsubscribe(...channels: string[]): void;
  /** Sends a message into a channel; rejects when it is refused or there is no connection. */
  send(
    channel: string, message: unknown, recipients?: number[],
  ): Promise<{ recipients_count?: number; /** Where messages are kept: the event's id. */ id?: string }>;
  /** Says how one is, and asks who is there, from `next` on. */
  presence(
    channel: string, own?: { status?: "online" | "away" | "busy" | "offline"; activity?: unknown; next?: number }
  ): Promise<WSQueuePresence>;
  /** Drops the connection and comes back at once, with a new token when that is a function; after `denied` too. */
  reconnect(): void;
  /** Ends it for good. */
  close(): void;
}

export default WSQueue;

declare global {
  var WSQueue: typeof import("./wsqueue.js").WSQueue;
}
