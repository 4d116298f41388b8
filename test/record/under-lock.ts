import type { Lock, RecordStore } from "../../src/record/store.ts";

/** Does something to the record as a run does: with the lock, and without it afterwards. */
export async function underLock<Result>(
  store: RecordStore,
  cluster: string,
  work: (store: RecordStore, lock: Lock) => Promise<Result>,
): Promise<Result> {
  const lock = await store.lock(cluster, { who: "a test", why: "capstan apply" }, () => {});
  try {
    return await work(store, lock);
  } finally {
    await lock.release();
  }
}
