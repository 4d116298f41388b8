import type { Stage } from "./stage.ts";

/** What to do after a tour: lines to paste into a shell, as comments say what for. */
export function tryNext(stage: Stage, up: string, real: string): void {
  const commands = [
    [`alias capstan="$PWD/node_modules/.bin/node $PWD/dist/capstan.js"`],
    ["git init ../my-cas && cd ../my-cas"],
    [`capstan ${up} && capstan init`, "your own sandbox to break"],
    ["capstan sandbox fault --help", "what can be broken in it"],
    [`capstan init ${real}`, "a real one instead"],
  ] as const;
  stage.tell("\nTry next, from this folder:");
  for (const [command, comment] of commands) {
    stage.tell(comment === undefined ? `  ${command}` : `  ${command.padEnd(48)} # ${comment}`);
  }
}
