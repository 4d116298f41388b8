import type { Socket } from "node:net";
import { readUntil } from "./connection.ts";
import { excerpt, ProbeEnd } from "./result.ts";

const CLIENT_PROTOCOL_41 = 0x200;
const CLIENT_SSL = 0x800;
const CLIENT_SECURE_CONNECTION = 0x8000;
const MAX_PACKET = 4096;
const ERR_HOST_IS_BLOCKED = 1129;

/**
 * Waits for the greeting of a MySQL or MariaDB server and asks it to go on in TLS. The SSLRequest is the
 * beginning of the login packet and stops before the user name.
 */
export async function askMysqlForTls(socket: Socket): Promise<void> {
  const bytes = await readUntil(socket, (seen) => !isBeginning(seen) || seen.length >= end(seen), MAX_PACKET);
  const packet = bytes.subarray(4);
  if (!isBeginning(bytes) || bytes.length !== end(bytes)) throw notMysql(bytes);
  if (packet[0] === 0xff) throw endOnError(packet);
  const capabilities = capabilitiesOf(packet);
  if (capabilities === null) throw notMysql(bytes);
  if ((capabilities & CLIENT_SSL) === 0) {
    throw new ProbeEnd("neither", "the MySQL server has TLS switched off");
  }
  const request = Buffer.alloc(36);
  request.writeUIntLE(32, 0, 3);
  request.writeUInt8(1, 3); // sequence
  request.writeUInt32LE(CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION, 4);
  request.writeUInt32LE(1 << 24, 8); // largest packet
  request.writeUInt8(45, 12); // utf8mb4
  socket.write(request);
}

/** A first packet: small, number 0, protocol 10 or an error. What came of it so far may be less. */
function isBeginning(bytes: Buffer): boolean {
  return (
    (bytes.length < 3 || end(bytes) <= MAX_PACKET) &&
    (bytes.length < 4 || bytes[3] === 0) &&
    (bytes.length < 5 || bytes[4] === 10 || bytes[4] === 0xff)
  );
}

function end(bytes: Buffer): number {
  return bytes.length < 4 ? 4 : 4 + bytes.readUIntLE(0, 3);
}

/** Lower half after the version (which ends with a zero byte), thread id, salt and filler. */
function capabilitiesOf(packet: Buffer): number | null {
  const version = packet.indexOf(0, 1);
  const at = version + 1 + 4 + 8 + 1;
  return version < 0 || packet.length < at + 2 ? null : packet.readUInt16LE(at);
}

function endOnError(packet: Buffer): ProbeEnd {
  const code = packet.length < 3 ? 0 : packet.readUInt16LE(1);
  const hint =
    code === ERR_HOST_IS_BLOCKED
      ? " (it counts probes as broken connections: FLUSH HOSTS, and raise max_connect_errors)"
      : "";
  return new ProbeEnd(
    "unknown",
    `refused to talk, error ${code}: ${excerpt(packet.subarray(3), 200)}${hint}`,
  );
}

function notMysql(bytes: Buffer): ProbeEnd {
  return new ProbeEnd("unknown", `greeted with ${excerpt(bytes)}, which is not MySQL`);
}
