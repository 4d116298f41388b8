import { connect } from "node:net";
import { Failure } from "../failure.ts";
import type { DaemonRequest } from "./daemon-server.ts";
import type { SandboxInfo } from "./folder.ts";
import { encodeFrame, FRAME, frameReader } from "./wire.ts";

type Order = DaemonRequest extends infer Request
  ? Request extends { readonly operation: "tool" }
    ? never
    : Omit<Extract<Request, DaemonRequest>, "token">
  : never;

const ANSWER_TIMEOUT_MS = 10_000;

/** Gives an order to a daemon. `null` when nobody listens there: the daemon has ended. */
export async function order(info: SandboxInfo, what: Order): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(info.port, "127.0.0.1");
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => {
      socket.destroy();
      reject(new Failure("storage", `The sandbox in ${info.dir} does not answer.`));
    });
    socket.on(
      "data",
      frameReader((type, payload) => {
        const value = JSON.parse(payload.toString());
        if (type === FRAME.answer) resolve(value);
        else reject(new Failure("usage", value.message, value.hint === null ? {} : { hint: value.hint }));
        socket.end();
      }),
    );
    socket.on("error", () => resolve(null));
    // A port that somebody else has by now hangs up on our token, or talks nonsense: not our daemon.
    socket.on("close", () => resolve(null));
    socket.write(encodeFrame(FRAME.request, JSON.stringify({ ...what, token: info.token })));
  });
}
