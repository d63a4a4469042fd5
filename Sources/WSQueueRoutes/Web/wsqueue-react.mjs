// A React hook: import { useWSQueue } from "wsqueue/react".
//
//   function Orders() {
//     const [orders, setOrders] = useState([]);
//     const status = useWSQueue("/", { channels: "orders", events: "order.*" }, {
//       event: (order, { event }) => setOrders((before) => [...before, order]),
//     });
//     return <p>{status}: {orders.length} orders</p>;
//   }
import { useEffect, useRef, useState } from "react";
import { WSQueue } from "./wsqueue.mjs";

// One connection for all components of a page that name the same server and the same token.
const shared = new Map();
// A component that is replaced by another keeps it.
const patience = 1000;

function take(key, url, { channels, events, ...options }) {
  // What was missed while nothing was shown is for nobody: where things stand is for the component to load.
  if (!shared.has(key)) shared.set(key, { queue: new WSQueue(url, { store: null, ...options }), users: 0 });
  const one = shared.get(key);
  one.users++;
  return one;
}

function giveBack(key, one) {
  one.users--;
  setTimeout(() => {
    if (one.users > 0 || shared.get(key) !== one) return;
    shared.delete(key);
    one.queue.close();
  }, patience);
}

const list = (names) => names === undefined ? [] : [names].flat();

/**
 * Listens as long as the component is there. Gives the status, and calls `event(payload, event)`, `gap(gap)` and
 * `error(error)`. With `channels`, events of these; without, events that have no channel. The options besides these two and
 * `events` are those of the first component that names this server.
 */
export function useWSQueue(url, options = {}, handlers = {}) {
  const [status, setStatus] = useState("connecting");
  // Each render brings new functions: the last ones are called, and the connection stays.
  const latest = useRef(handlers);
  useEffect(() => { latest.current = handlers; });
  const key = JSON.stringify([String(url), typeof options.token === "string" ? options.token : null]);
  const identity = JSON.stringify([key, options.channels, options.events]);
  useEffect(() => {
    const one = take(key, url, options);
    const { queue } = one;
    const channels = list(options.channels).map((name) => queue.channel(name));
    const names = options.events === undefined ? ["*"] : list(options.events);
    // One that is in two channels, or has a name that two globs mean, is heard once.
    let last = null;
    const hear = (payload, event) => {
      if (event === last || (channels.length === 0 && event.channel !== undefined)) return;
      last = event;
      latest.current.event?.(payload, event);
    };
    const ends = [queue.signals.on("status", (now) => setStatus(now))];
    for (const place of channels.length > 0 ? channels : [queue.events]) {
      for (const name of names) ends.push(place.on(name, hear));
    }
    // Without a handler the client says it on the console.
    for (const name of ["gap", "error"]) {
      if (handlers[name]) ends.push(queue.signals.on(name, (what) => latest.current[name]?.(what)));
    }
    setStatus(queue.status);
    return () => {
      for (const end of ends) end();
      for (const channel of channels) channel.close();
      giveBack(key, one);
    };
  }, [identity]);
  return status;
}
