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
  /** Only for an event that went to several channels: to how many. */
  copies?: number;
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

/** What the server refused, or what else a page should know. Without a handler the console has each code once. */
export interface WSQueueError {
  /**
   * The server's, such as `forbidden`, `rate_limited`, `invalid_token`; of the client itself: `token` (the function threw, or
   * has not answered for 30 s), `load` (as well), `address`, `malformed`, `no_websocket`, `origin` (this page's is not
   * allowed), `http_401` and such (what HTTP said where a WebSocket failed), `unreadable` (something answers that this page
   * may not read), `websocket_blocked` (events come by HTTP).
   */
  code: string;
  /** The server's words, or what was thrown. */
  error?: unknown;
  channel?: string;
  /** The HTTP status. */
  status?: number;
  /** Seconds. */
  retry_after?: number;
  /** The action that was refused. */
  request?: string;
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

/** A WebSocket as browsers have it, or Node's package ws. */
export interface WSQueueSocket {
  new (url: any, protocols?: any): {
    readonly readyState: number; onopen: any; onmessage: any; onclose: any; onerror: any;
    send(text: string): void; close(): void;
  };
}

export interface WSQueueOptions {
  /** Channels and patterns to listen to, or one; events without a channel come anyway. */
  channels?: string | readonly string[] | undefined;
  /** Only events of these names, or this; `*` stands for any part of a name. */
  events?: string | readonly string[] | undefined;
  /** Also the newest event of each key, at each connection; `on("state")` hears where they begin and end. */
  state?: boolean | undefined;
  /**
   * A JSON Web Token, or a function that gives one: it is asked at each connection, and when the server says that a token's
   * time is nearly over; one call at a time, however long it takes.
   */
  token?: string | null | (() => string | null | undefined | Promise<string | null | undefined>) | undefined;
  /**
   * Begin behind this cursor, whatever is in the store: the one that the server's `/cursor` gave when the page was made.
   * Or with what came since then: all, latest, an age such as 10m, a time such as 2026-11-21T08:00:00Z.
   */
  since?: string | undefined;
  /**
   * Loads what the page shows: at the start (unless `since` says where the page stands) and at a gap. What comes meanwhile
   * is handed out when it is done, so that nothing is missed and nothing is between. A failure is tried again.
   */
  load?: ((why: { gap: WSQueueGap | null; cursor: string | null }) => unknown) | undefined;
  /**
   * sessionStorage by default: a reload misses nothing. localStorage: a tab that is new begins where the newest was; one
   * that is not goes on where it was itself. null: begin with now.
   */
  store?: WSQueueStore | null | undefined;
  /**
   * One connection for all tabs of this browser that have the same address, user, `state` and `events`; when the tab that
   * holds it goes, another takes over. An event that went to several channels may come to tabs that want none of them.
   */
  share?: boolean | undefined;
  /** false: where WebSockets are blocked, no events rather than events by HTTP. */
  fallback?: boolean | undefined;
  /** false: connect when `connect()` says so. */
  connect?: boolean | undefined;
  /** Another WebSocket than the global one. */
  WebSocket?: WSQueueSocket | undefined;
}

/** Names of events and their payloads: `new WSQueue<{ "order.created": Order }>()`. */
export type WSQueueEvents = object;

/** The names that a map of events has, or any name where there is no map. */
type NameOf<Events> = object extends Events ? string : keyof Events & string;
type PayloadOf<Events, Name> = Name extends keyof Events ? Events[Name] : any;
type Handler<Payload> = (payload: Payload, event: WSQueueEvent<Payload>, text: string) => unknown;
/** A name with `*`, which stands for any part. */
type Glob = `${string}*${string}`;
type Off = () => void;

/** Where events are heard. */
interface Hearing<Events, Returned> {
  <Name extends NameOf<Events>>(name: Name, handler: Handler<PayloadOf<Events, Name>>): Returned;
  (name: Glob, handler: Handler<any>): Returned;
}

/** What the client and other clients say: not what was published. */
interface Signalled<Returned> {
  (name: "status", handler: (status: WSQueueStatus, change: WSQueueStatusChange) => unknown): Returned;
  (name: "gap", handler: (gap: WSQueueGap) => unknown): Returned;
  /** Only with the option `state`. */
  (name: "state", handler: (state: WSQueueState) => unknown): Returned;
  (name: "error", handler: (error: WSQueueError) => unknown): Returned;
  <Message = unknown>(
    name: "message", handler: (message: Message, whole: WSQueueMessage<Message>) => unknown): Returned;
  (name: "presence", handler: (members: WSQueueMember[], whole: WSQueuePresence) => unknown): Returned;
}

/** A channel or pattern that is listened to until the last of its handles is closed. */
export interface WSQueueChannel<Events = WSQueueEvents> {
  readonly name: string;
  /** wanted: to be asked for; asked; confirmed: events come; refused: `error` says why; leaving; closed, by `close`. */
  readonly status: "wanted" | "asked" | "confirmed" | "refused" | "leaving" | "closed";
  readonly error: WSQueueError | null;
  /** Kept once the server has confirmed it; broken with the reason when it is refused. Nobody needs to look at it. */
  readonly ready: Promise<{ readonly name: string; readonly status: string }>;
  /** As those of the queue, for events of this channel only, whatever they are called; closed with it. */
  readonly on: Hearing<Events, Off>;
  readonly once: Hearing<Events, Off>;
  /** Kept when the server knows that nobody here listens any more; at once where others do. */
  close(): Promise<void>;
}

/** Each client has methods of its own, which need no `this`: a class that extends this one adds to them, and replaces none. */
export class WSQueue<Events extends object = WSQueueEvents> {
  /**
   * Connects, and comes back whenever the connection is lost, until `close()`. What comes before the first handler is
   * there waits for it.
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
  /** failures counts what handlers threw, also later: it is reported, and the other handlers are called all the same. */
  readonly counters: { received: number; duplicates: number; gaps: number; connections: number; failures: number };

  /**
   * Calls `handler` with the payload of each event of this name, the event, and its JSON as it came (a number in it may be
   * longer than JavaScript can hold). A promise that it returns is not waited for: the event counts as handled. In the name
   * `*` stands for any part. `status`, `gap` and `error` are what the client
   * itself says: published events that are called so are heard by globs, by `events.on` and by those of channels.
   * @returns Takes the handler away.
   */
  readonly on: Signalled<Off> & Hearing<Events, Off>;
  readonly once: Signalled<Off> & Hearing<Events, Off>;
  /** Takes a handler of `on` away, or all of this name. */
  off(name: string, handler?: (...values: any[]) => unknown): void;
  /** Published events only, whatever they are called. */
  readonly events: { readonly on: Hearing<Events, Off>; readonly once: Hearing<Events, Off> };
  /** What the client and other clients say, only. */
  readonly signals: { readonly on: Signalled<Off>; readonly once: Signalled<Off> };
  /**
   * Calls `handler` once a frame of the screen, with the events that have come since, in their order: all of them, or as
   * many as leave the frame below 60 ms; the rest in the next frames. A page that is hidden has them all, ten times a second
   * or less.
   */
  onBatch(handler: (events: WSQueueEvent<any>[]) => unknown): Off;
  onBatch<Name extends NameOf<Events>>(
    name: Name, handler: (events: WSQueueEvent<PayloadOf<Events, Name>>[]) => unknown): Off;
  onBatch(name: Glob, handler: (events: WSQueueEvent<any>[]) => unknown): Off;

  /** A handle of a channel or pattern, for one part of a page: listened to as long as anybody has one. */
  channel<Its extends object = Events>(name: string): WSQueueChannel<Its>;
  /**
   * Listens to further channels or patterns, from now on and after each reconnect. Kept when the server has confirmed all
   * of them, broken with the reason of the first refusal, which is an `error` event, too.
   */
  subscribe(...channels: (string | readonly string[])[]): Promise<unknown>;
  unsubscribe(...channels: (string | readonly string[])[]): Promise<unknown>;
  /** Sends a message into a channel; rejects when it is refused or there is no connection. */
  send(
    channel: string, message: unknown, recipients?: readonly number[],
  ): Promise<{ recipients_count?: number; /** Where messages are kept: the event's id. */ id?: string }>;
  /** Says how one is, and asks who is there, from `next` on. */
  presence(
    channel: string,
    own?: { status?: "online" | "away" | "busy" | "offline"; activity?: unknown; next?: number | undefined },
  ): Promise<WSQueuePresence>;
  /** Connects, where the option `connect` was false. */
  connect(): void;
  /** Drops the connection and comes back at once, with a new token when that is a function; after `denied` too. */
  reconnect(): void;
  /** Ends it for good. */
  close(): void;
}

export default WSQueue;

type ItsClass = typeof WSQueue;
type Its<Events extends object> = WSQueue<Events>;

declare global {
  var WSQueue: ItsClass;
  /** For pages with the classic script: `let queue: WSQueue | null`. */
  interface WSQueue<Events extends object = WSQueueEvents> extends Its<Events> {}
}
