import { once } from "node:events";
import { createWriteStream } from "node:fs";

/** Where nodes stand: as the recordings show them before, and in the middle of, a rotation. */
export interface Standing {
  readonly phase: string | null;
  readonly currentId: string;
}

/** The id of one node: the same for the listing, the roster and the inventory. */
export function nodeId(index: number): string {
  const hex = (Math.imul(index + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `${hex}-${(index % 0x10000).toString(16).padStart(4, "0")}-4924-82e6-${index.toString(16).padStart(12, "0")}`;
}

/** Writes what `tctl get nodes --format=json` prints of so many nodes: some 1,020 bytes each, as Go indents it. */
export async function writeNodes(file: string, count: number, standing: Standing): Promise<void> {
  const row = rowsOf(standing);
  const out = createWriteStream(file, { highWaterMark: 4 * 1024 * 1024 });
  out.write("[\n");
  for (let from = 0; from < count; from += 1000) {
    const rows = Array.from({ length: Math.min(1000, count - from) }, (_, index) => row(from + index));
    const text = `${rows.join(",\n")}${from + 1000 < count ? "," : ""}\n`;
    if (!out.write(text)) await once(out, "drain");
  }
  out.end("]\n");
  await once(out, "close");
}

/** The form of `get nodes` in fixtures/recordings/teleport-11.1, with the labels that real nodes have. */
function rowsOf({ phase, currentId }: Standing): (index: number) => string {
  const node = {
    kind: "node",
    version: "v2",
    metadata: {
      name: "<id>",
      labels: { env: "production", region: "eu-central-1", team: "payments" },
      // Far away: no node of a benchmark is about to vanish.
      expires: "2099-11-29T17:34:37.850006744Z",
      id: "<number>",
    },
    spec: {
      addr: "<address>:3022",
      hostname: "<name>",
      rotation: {
        ...(phase === null ? {} : { state: "in_progress", phase, mode: "manual" }),
        current_id: currentId,
        started: "0001-01-01T00:00:00Z",
        last_rotated: "0001-01-01T00:00:00Z",
        schedule: {
          update_clients: "0001-01-01T00:00:00Z",
          update_servers: "0001-01-01T00:00:00Z",
          standby: "0001-01-01T00:00:00Z",
        },
      },
      version: "11.1.2",
    },
  };
  const text = JSON.stringify(node, null, 4).replaceAll(/^/gm, "    ").replace('"<number>"', "<number>");
  const [start, afterId, afterNumber, afterAddress, end] = text.split(/<(?:id|number|address|name)>/);
  return (index) =>
    `${start}${nodeId(index)}${afterId}${1795973077850160000n + BigInt(index)}${afterNumber}10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}${afterAddress}node-${index}.example.com${end}`;
}
