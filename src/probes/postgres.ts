import type { Socket } from "node:net";
import { readUntil } from "./connection.ts";
import { excerpt, ProbeEnd } from "./result.ts";

/** SSLRequest: length 8, code 80877103. It names no user and no database. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Asks a PostgreSQL server to go on in TLS. */
export async function askPostgresForTls(socket: Socket): Promise<void> {
  socket.write(SSL_REQUEST);
  const answer = await readUntil(socket, (bytes) => bytes.length >= 1, 4096);
  // More than the one byte would be plain text that somebody pushed in before TLS (CVE-2021-23222).
  if (answer.length === 1 && answer[0] === 0x53) return;
  if (answer.length === 1 && answer[0] === 0x4e) {
    throw new ProbeEnd("neither", "the PostgreSQL server has TLS switched off");
  }
  throw new ProbeEnd(
    "unknown",
    `answered the SSLRequest of PostgreSQL with ${excerpt(answer)} instead of S or N`,
  );
}
