// Calls the installed package as each line of standard input says, and answers by a line: see ../test_packages.py.
import { createInterface } from "node:readline";
import { NotHeld, PublishError, Publisher, Refused } from "wsqueue-publish";

const plain = new Publisher();
const coded = new Publisher(undefined, { encode: (payload) => payload.raw });
const told = (receipt) => receipt && { id: receipt.id, path: receipt.path, is_new: receipt.isNew };

async function answer({ call, encoded, event, payload, members, when, word, events, receipt, seconds }) {
  const queue = encoded ? coded : plain;
  switch (call) {
    case "publish": return told(queue.publish(event, payload, members));
    case "batch": return told(queue.batch(events));
    case "at": return told(queue.at(when, event, payload, members));
    case "in": return told(queue.in(when, event, payload, members));
    case "hold": return queue.hold(event, payload, members);
    case "release": return told(queue.release(word));
    case "wait": return queue.wait(receipt, seconds);
    default: return queue[call](word) ?? null;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = { is: await answer(JSON.parse(line)) };
  } catch (error) {
    if (![Refused, NotHeld, PublishError].some((kind) => error instanceof kind)) throw error;
    said = { error: error.name, says: error.message };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
