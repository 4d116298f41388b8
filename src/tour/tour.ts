/** `npm start`: the whole story on the sandbox, for somebody who has just cloned the repository. */
import { hostTour } from "./host.ts";
import { onStage } from "./stage.ts";

try {
  await onStage(hostTour);
} catch (error) {
  process.stderr.write(`the tour ended early: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
