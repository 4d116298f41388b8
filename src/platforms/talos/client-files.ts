import { Failure } from "../../failure.ts";
import { notWritten, readTarget, type Target } from "../../process/written-file.ts";
import type { TalosType } from "../../talos/authority-types.ts";
import type { ClientFileProblem } from "../../talos/facts.ts";
import type { Session } from "./session.ts";
import { nextTalosconfig, type TalosClient } from "./talosconfig.ts";

/** A comment is no part of a kubeconfig, and kubectl drops it when it changes the file: then it is not ours any more. */
export const MARK =
  "# Written by capstan, which replaces this file. Keep contexts of your own in another one.\n";

/** Throws a `Failure` for a file that is there and is not as capstan wrote it. */
export function insistOnOwn({ path }: Target, present: string | null): void {
  if (present === null || present.trim() === "" || present.startsWith(MARK)) return;
  throw notWritten(
    path,
    "capstan did not write what is there, or somebody changed it since",
    "move it away, or name another file as spec.talos.clients.kubeconfig",
  );
}

/** Why a client file could not be written, found out while nothing has moved. */
export async function clientFileProblems(
  session: Session,
  context: string,
): Promise<readonly ClientFileProblem[]> {
  const { clients, controlPlanes } = session.connection;
  const { roots } = session.around;
  const tried: readonly (readonly [
    ClientFileProblem["field"],
    string | null,
    (target: Target) => Promise<unknown>,
  ])[] = [
    ["talosconfig", clients.talosconfig, (target) => nextTalosconfig(target, context, controlPlanes, NOBODY)],
    ["kubeconfig", clients.kubeconfig, async (target) => insistOnOwn(target, await readTarget(target))],
  ];
  const found = await Promise.all(
    tried.map(async ([field, path, attempt]): Promise<readonly ClientFileProblem[]> => {
      if (path === null) return [];
      try {
        await attempt({ path, roots });
        return [];
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return [{ field, problem: error.message }];
      }
    }),
  );
  return found.flat();
}

const NOBODY: TalosClient = { ca: "ca", crt: "crt", key: "key" };

/** Before the first machine is touched: the guards say so, too, but judged what was seen before. */
export async function insistOnClientFiles(session: Session, type: TalosType, context: string): Promise<void> {
  const field = type === "talos" ? "talosconfig" : "kubeconfig";
  const found = (await clientFileProblems(session, context)).find((one) => one.field === field);
  if (found === undefined) return;
  throw new Failure("refused", `spec.talos.clients.${field} cannot be written: ${found.problem}`, {
    hint: "nothing was changed; mend the file or name another one",
  });
}
