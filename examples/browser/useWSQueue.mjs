// A React hook. Put it beside wsqueue.mjs and wsqueue.js, or take both from the server (a bundler or an import map says where).
//
//   function Orders() {
//     const [orders, setOrders] = useState([]);
//     const status = useWSQueue("/", { channels: ["orders"], events: ["order.*"] }, {
//       event: (order, { event }) => setOrders((before) => [...before, order]),
//       gap: () => location.reload(),
//     });
//     return <p>{status}: {orders.length} orders</p>;
//   }
import { useEffect, useRef, useState } from "react";
import { WSQueue } from "./wsqueue.mjs";

/** Listens as long as the component is there. Gives the status, and calls `event(payload, event)` and `gap(gap)`. */
export function useWSQueue(url, options, handlers) {
  const [status, setStatus] = useState("connecting");
  // Each render brings new functions: the last ones are called, and the connection stays.
  const latest = useRef(handlers);
  useEffect(() => { latest.current = handlers; });
  const identity = JSON.stringify([url, options?.channels, options?.events]);
  useEffect(() => {
    const queue = new WSQueue(url, options);
    queue.on("status", (now) => setStatus(now));
    queue.on("*", (payload, event) => latest.current?.event?.(payload, event));
    // Without a handler of its own the client says it on the console.
    if (handlers?.gap) queue.on("gap", (gap) => latest.current?.gap?.(gap));
    return () => queue.close();
  }, [identity]);
  return status;
}
