import { workOf } from "../../checklist/work.ts";
import { failWith, unknown } from "../../guards/judgement.ts";
import { isoTime } from "../../iso-time.ts";
import type { Guard, GuardInput } from "../../profile/profile.ts";
import { identify, type LiveAuthority, type PeerObservation } from "../../rotation/observation.ts";
import type { Finding } from "../../rotation/plan.ts";
import { phaseRecord } from "../../rotation/record.ts";
import { acknowledgeCommand } from "../../rotation/remedy-command.ts";
import { writtenMoment } from "../../written-date.ts";

/**
 * A root pushes these CAs to its leafs, a leaf gives its host CA to its roots; nothing in a cluster shows whether
 * the other one stored it, and one that did not is cut off without a word (reference teleport-rotation 5,
 * recordings/README). So the copy itself is compared; `connection: online` proves nothing.
 */
export const trustedClusters: Guard = {
  id: "trusted-clusters",
  about: "outside",
  refuses: "going on while a leaf or a root has not stored the CA as it is now",
  waivable: true,
  subjects: ["cluster", "listing"],
  appliesTo: (input) =>
    input.edge.from !== input.edge.to &&
    input.edge.to !== "rollback" &&
    (peersOf(input).length > 0 || unlisted(input) !== undefined),
  judge: (input) => {
    const unread = unlisted(input);
    if (unread !== undefined) {
      return unknown({
        subject: "listing/remote_clusters",
        message: `could not be read: ${unread.problem}; nobody knows whether there are leafs`,
        remedy: "give capstan's role `list` and `read` on remote_cluster",
      });
    }
    return failWith(peersOf(input).flatMap((peer) => findingsOf(peer, input)));
  },
};

const FROM_ROOT: readonly string[] = ["host", "user", "db", "openssh"];
const FROM_LEAF: readonly string[] = ["host"];
/** What the sync may take, and what Teleport's own tool suggests to wait (reference 5). */
const SYNC_MS = 30 * 60_000;
/** A leaf announces itself every few seconds (recordings: 5 s apart); one that did not for so long is off. */
const HEARTBEAT_MS = 5 * 60_000;

interface Peer {
  readonly name: string;
  readonly role: "leaf" | "root";
  /** The root sees its leafs' heartbeats; a leaf sees none of its root. */
  readonly lastHeartbeat: string | null;
  /** `null` when capstan is not told how to reach it. */
  readonly seen: PeerObservation | null;
}

function unlisted({ observation, authority }: GuardInput) {
  if (!FROM_ROOT.includes(authority.type)) return undefined;
  return observation.unread.find(({ what }) => what === "remote_clusters");
}

/** Leafs as this cluster lists them, roots by their copies here, and whatever the resource names. */
function peersOf({ cluster, observation, authority }: GuardInput): readonly Peer[] {
  const { remoteClusters, copies, surroundings } = observation;
  const names = new Set([
    ...remoteClusters.map(({ name }) => name),
    ...copies.map((copy) => copy.cluster),
    ...cluster.peers,
  ]);
  return [...names].toSorted().flatMap((name) => {
    const remote = remoteClusters.find((candidate) => candidate.name === name);
    const role = remote === undefined ? ("root" as const) : ("leaf" as const);
    if (!(role === "leaf" ? FROM_ROOT : FROM_LEAF).includes(authority.type)) return [];
    const seen = surroundings?.peers.find((candidate) => candidate.cluster === name) ?? null;
    return [{ name, role, lastHeartbeat: remote?.lastHeartbeat ?? null, seen }];
  });
}

function findingsOf(peer: Peer, input: GuardInput): readonly Finding[] {
  if (input.edge.from === "standby") return isOff(peer, input);
  if (peer.seen === null || peer.seen.problem !== null) return unreached(peer, input);
  return compare(peer, peer.seen.copies, input);
}

/** Before the rotation: a leaf that is off would miss init. */
function isOff(peer: Peer, { now }: GuardInput): readonly Finding[] {
  if (peer.role === "root") return [];
  const heard = peer.lastHeartbeat === null ? null : Date.parse(peer.lastHeartbeat);
  if (heard !== null && now - heard <= HEARTBEAT_MS) return [];
  return [
    {
      subject: `cluster/${peer.name}`,
      message: `seems to be off: ${heartbeat(peer, now)}; it would miss the new CA`,
      remedy: "connect it again first",
    },
  ];
}

function compare(peer: Peer, copies: readonly LiveAuthority[], input: GuardInput): readonly Finding[] {
  const { authority, now } = input;
  const copy = copies.find(({ type, cluster }) => type === authority.type && cluster === authority.cluster);
  const differences = copy === undefined ? missing(authority) : differencesOf(copy, authority);
  if (differences.length === 0) return [];
  const keys = copy === undefined ? "" : `; it trusts ${everyKey(copy).join(", ")}`;
  return [
    {
      subject: `cluster/${peer.name}`,
      message: `${differences.join(", ")}${keys}; ${heartbeat(peer, now)}`,
      remedy:
        "wait up to 30 minutes for the sync; if it stays so, look at the log of the root's proxies for `Failed to rotate external ca`, or roll back: going on cuts the peer off",
    },
  ];
}

/** An older leaf does not know all types (#12040), and has nothing to be cut off from then. */
function missing({ type }: LiveAuthority): readonly string[] {
  return type === "host" || type === "user" ? [`holds no copy of the ${type} CA`] : [];
}

function differencesOf(copy: LiveAuthority, { type, rotation, ...original }: LiveAuthority) {
  const differences: string[] = [];
  if (copy.rotation.phase !== rotation.phase) {
    differences.push(`its copy of the ${type} CA is in ${copy.rotation.phase}, not ${rotation.phase}`);
  } else if (copy.rotation.currentId !== rotation.currentId) {
    differences.push(`its copy of the ${type} CA is of another rotation`);
  }
  const unknown = everyKey(original).filter((key) => !everyKey(copy).includes(key));
  if (unknown.length > 0) differences.push(`it does not know ${unknown.join(", ")}`);
  const signs = identify(original.active).join() === identify(copy.active).join();
  if (unknown.length === 0 && !signs) differences.push("it takes another key for the one that signs");
  return differences;
}

function everyKey({ active, trusted }: Pick<LiveAuthority, "active" | "trusted">) {
  return identify([...active, ...trusted]);
}

/** Nobody can look: a person's word, a sign of life since the transition, and the time that the sync may take. */
function unreached(peer: Peer, input: GuardInput): readonly Finding[] {
  const { edge, authority, record, now } = input;
  const since = phaseRecord(record, edge.from)?.since ?? null;
  const entered = since === null ? null : Date.parse(since);
  const lacks: string[] = [];
  const step = `${authority.type}/${edge.from}/trusted-clusters`;
  const stated = workOf(authority.type, edge.from, input).some(
    ({ item }) => item.id === step && item.state === "done",
  );
  if (!stated) lacks.push(`nobody states ${step}`);
  if (entered === null) lacks.push(`nobody knows since when the CA is in ${edge.from}`);
  else if (now < entered + SYNC_MS) {
    lacks.push(`the sync may take until ${writtenMoment(isoTime(entered + SYNC_MS))}`);
  }
  const heard = peer.lastHeartbeat === null ? null : Date.parse(peer.lastHeartbeat);
  if (peer.role === "leaf" && (heard === null || entered === null || heard <= entered)) {
    lacks.push(`no sign of life since then: ${heartbeat(peer, now)}`);
  }
  if (lacks.length === 0) return [];
  const why = peer.seen?.problem ?? "no cluster resource says how";
  return [
    {
      subject: `cluster/${peer.name}`,
      message: `cannot be asked (${why}): ${lacks.join("; ")}`,
      remedy: `let capstan reach it (\`peers\` of the cluster resource), or have its administrator compare the ${authority.type} CA; then state it: \`${acknowledgeCommand(step)}\``,
    },
  ];
}

function heartbeat({ role, lastHeartbeat }: Peer, now: number): string {
  if (role === "root") return "a root sends no heartbeat";
  if (lastHeartbeat === null) return "it never sent a heartbeat";
  const seconds = Math.max(0, Math.round((now - Date.parse(lastHeartbeat)) / 1000));
  const age = seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
  return `its last heartbeat is ${age} old`;
}
