/**
 * `npm start`: the whole story on the sandbox, for somebody who has just cloned the repository. `npm start -- talos`
 * tells it of a Talos cluster.
 */
import { HOST_TOUR } from "./host-tour.ts";
import { onStage, type Tour } from "./stage.ts";
import { TALOS_TOUR } from "./talos-tour.ts";

const PLAYS: Readonly<Record<string, Tour>> = { teleport: HOST_TOUR, talos: TALOS_TOUR };

try {
  const [name = "teleport"] = process.argv.slice(2);
  const play = Object.hasOwn(PLAYS, name) ? PLAYS[name] : undefined;
  if (play === undefined)
    throw new Error(`there is no tour of ${name}, only of ${Object.keys(PLAYS).join(", ")}`);
  await onStage(play);
} catch (error) {
  process.stderr.write(`the tour ended early: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
