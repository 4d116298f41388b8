/**
 * One process of a race for the lock, run by the tests: takes it, works a while, says what came of it as one line
 * of JSON. Arguments: backend, folder, name, milliseconds to hold it, how many times;
 * `forever` is for one that is to be killed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../src/failure.ts";
import { folderStore } from "../../src/record/folder-store.ts";
import { refsStore } from "../../src/record/refs-store.ts";

const [backend = "", folder = "", who = "", hold = "0", races = "1"] = process.argv.slice(2);
const clock = () => Date.now();
const store =
  backend === "refs" ? refsStore({ folder, env: process.env, clock }) : folderStore(folder, clock);

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** The same clock for all processes of a machine, in microseconds. */
const moment = () => Number(process.hrtime.bigint() / 1000n);

for (let race = 0; race < Number(races); race += 1) {
  try {
    const notices: string[] = [];
    const lock = await store.lock("acme.cluster", { who, why: "a race" }, (message) => notices.push(message));
    const from = moment();
    say({ who, got: true, notices, at: clock() });
    await sleep(hold === "forever" ? 600_000 : Number(hold));
    await lock.confirm();
    say({ who, from, until: moment() });
    await lock.release();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say({ who, got: false, code: error.code, message: error.message });
  }
}
