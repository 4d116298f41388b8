import type { HeldLock, Lock, LockState, RecordStore } from "./store.ts";

/**
 * A store in refs, in a clone whose folder may have a record, too: of before the `repository` resource said `refs`, or
 * of a commit that says otherwise. Whoever works by such a commit sees no refs, so a run holds the lock in both places,
 * and is the only one whatever the commit of the other says. All else is in refs alone.
 */
export function besideFolder(refs: RecordStore, folder: RecordStore): RecordStore {
  const twinOf = async (lock: HeldLock): Promise<LockState | null> => {
    const near = lock.cluster === null ? null : await folder.lockState(lock.cluster);
    return near !== null && isSameRun(near, lock) ? near : null;
  };
  return {
    load: (cluster) => refs.load(cluster),
    save: (record) => refs.save(record),
    backup: (backup, sealed) => refs.backup(backup, sealed),
    append: (entry) => refs.append(entry),
    places: (campaign) => refs.places(campaign),
    changePlaces: (cluster, campaign, change) => refs.changePlaces(cluster, campaign, change),
    async whereabouts(cluster) {
      const far = await refs.whereabouts(cluster);
      return far.found === null ? { ...far, unread: (await folder.whereabouts(cluster)).found } : far;
    },
    async lock(cluster, holder, notice) {
      const near = await folder.lock(cluster, holder, notice);
      try {
        return both(near, await refs.lock(cluster, holder, notice));
      } catch (error) {
        await near.release();
        throw error;
      }
    },
    async lockState(cluster) {
      return (await refs.lockState(cluster)) ?? (await folder.lockState(cluster));
    },
    async locks() {
      const [far, near] = await Promise.all([refs.locks(), folder.locks()]);
      return [...far, ...near.filter((lock) => !far.some((other) => isSameRun(lock, other)))];
    },
    async releaseLock({ cluster, id, force }) {
      const near = (await folder.locks()).find((lock) => lock.id === id && lock.cluster === cluster);
      if (near !== undefined) return await folder.releaseLock({ cluster, id, force });
      const released = await refs.releaseLock({ cluster, id, force });
      const twin = await twinOf(released);
      if (twin !== null) await folder.releaseLock({ cluster, id: twin.id, force: true });
      return released;
    },
  };
}

/** What is at its home is confirmed last: nothing but the clocks comes after it. */
function both(near: Lock, far: Lock): Lock {
  return {
    cluster: far.cluster,
    id: far.id,
    lost: AbortSignal.any([far.lost, near.lost]),
    async confirm() {
      await near.confirm();
      await far.confirm();
    },
    async release() {
      await far.release();
      await near.release();
    },
  };
}

function isSameRun(one: HeldLock, other: HeldLock): boolean {
  return (
    one.cluster === other.cluster &&
    one.host === other.host &&
    one.pid === other.pid &&
    one.place === other.place &&
    one.started === other.started
  );
}
