import { COVERS_ONE_STEP } from "./plan.ts";

/*
 * A remedy is a sentence. Where a command line is the way on, it stands at the end, in backticks: so every output ends
 * in what is to be typed, and one with room for it may put it on a line of its own.
 */

/** The command that accepts a finding. Its reason is left to the person: the placeholder is refused. */
export function waiveCommand(guard: string, subject: string): string {
  const expires = COVERS_ONE_STEP.includes(guard) ? "1d" : "14d";
  return `capstan waive ${guard} ${shellWord(subject)} --reason REASON --expires ${expires}`;
}

/** The command that states that work by hand is done. */
export function acknowledgeCommand(...steps: readonly string[]): string {
  return `capstan acknowledge ${steps.map(shellWord).join(" ")}`;
}

/** The command at the end of a remedy; `null` where there is none. */
export function commandIn(remedy: string): string | null {
  return /`(capstan [^`]+)`$/.exec(remedy)?.[1] ?? null;
}

/** The sentence of a remedy apart from its command, for an output that puts that on a line of its own. */
export function withoutCommand(remedy: string): string {
  const command = commandIn(remedy);
  return command === null ? remedy : remedy.slice(0, -command.length - 2).trimEnd();
}

/** Commands that want to know which cluster they are about where git has several. */
const ABOUT_A_CLUSTER =
  /`capstan (rotate|override|waive|acknowledge) [^`]+`|^capstan (rotate|override|waive|acknowledge) [^`]+$/g;

/** A sentence about a cluster, or a command, as it has to be typed where git has several clusters. */
export function namingCluster(text: string, cluster: string): string {
  return text.replace(ABOUT_A_CLUSTER, (command) => {
    if (command.includes(" --cluster ")) return command;
    const end = command.endsWith("`") ? "`" : "";
    return `${command.slice(0, command.length - end.length)} --cluster ${shellWord(cluster)}${end}`;
  });
}

/** One word for a POSIX shell, whatever a cluster calls its machines. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
