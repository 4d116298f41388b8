import { connect, createSecureContext, type SecureContext } from "node:tls";

/** What a component of the sandbox says to whoever connects, and of whom it takes them for. */
export interface Greeting {
  readonly component: string;
  readonly client: { readonly name: string; readonly accepted: boolean } | null;
}

/** Dials a component as a client that trusts these CAs and no others. */
export function handshake(
  port: number,
  ca: readonly string[],
  identity: { readonly cert?: string; readonly key?: string } = {},
): Promise<Greeting> {
  return handshakeWith(port, createSecureContext({ ca: [...ca], ...identity }));
}

/** The same, for who dials again with what it had. */
export function handshakeWith(port: number, secureContext: SecureContext): Promise<Greeting> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, secureContext, servername: "localhost" });
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("error", reject);
    // One that ends without a word is no greeting.
    socket.on("end", () => {
      try {
        resolve(JSON.parse(text));
      } catch (error) {
        reject(error);
      }
    });
  });
}
