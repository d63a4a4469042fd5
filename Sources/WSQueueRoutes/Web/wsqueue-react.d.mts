import type { WSQueueError, WSQueueEvent, WSQueueGap, WSQueueOptions, WSQueueStatus } from "./wsqueue.mjs";

/** What a component hears; the functions of its last render are called. */
export interface WSQueueHandlers<Payload = any> {
  event?: ((payload: Payload, event: WSQueueEvent<Payload>) => unknown) | undefined;
  /** Events are missing: load what is shown. Without this the console tells. */
  gap?: ((gap: WSQueueGap) => unknown) | undefined;
  error?: ((error: WSQueueError) => unknown) | undefined;
}

/**
 * Listens as long as the component is there, over one connection for all components that name this server and token.
 * @param options With `channels` it hears events of these; without, those that have no channel. `events` are the names that
 *   it hears. The others are those of the first component that names this server.
 * @returns The status of the connection.
 */
export function useWSQueue<Payload = any>(
  url: string | URL, options?: WSQueueOptions, handlers?: WSQueueHandlers<Payload>): WSQueueStatus;
