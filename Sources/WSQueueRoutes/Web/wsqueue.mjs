// wsqueue.js as a module: import { WSQueue } from "/wsqueue.mjs".
import "./wsqueue.js";
export const WSQueue = globalThis.WSQueue;
export default WSQueue;
