import { createHash } from "node:crypto";
import { Failure } from "../failure.ts";

/** One of several machines that share the clusters, counted from 0. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** `I/N`, 0 <= I < N; throws a `Failure` (`usage`) for anything else. */
export function parseShard(text: string): Shard {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (index !== undefined && of !== undefined && shard.index < shard.of) return shard;
  throw new Failure("usage", `--shard ${text} is no part of the clusters`, {
    hint: "write I/N, counted from 0: of three machines the last is 2/3",
  });
}

/** Whether it is this machine's. */
export function isInShard(cluster: string, { index, of }: Shard): boolean {
  return shardOf(cluster, of) === index;
}

/** The machine whose cluster it is: the same on every machine, whatever other clusters there are (design, section 10). */
export function shardOf(cluster: string, of: number): number {
  const first = createHash("sha256").update(cluster).digest().readBigUInt64BE(0);
  return Number(first % BigInt(of));
}
