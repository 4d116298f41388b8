import type { RunEvent } from "../../apply/event.ts";
import type { Failure } from "../../failure.ts";
import { isoTime } from "../../iso-time.ts";
import { valueWithoutSecrets } from "../../secrets.ts";
import { harmless } from "../../views/harmless.ts";
import { jsonText } from "../../views/json/json-text.ts";
import { eventText } from "../../views/text/event-text.ts";
import { paintFor, type Terminal } from "../terminal.ts";
import type { ReconcileOptions, Round } from "./round.ts";

/** What the loop says of itself, in text or as one object per event and line. */
export interface Voice {
  event(event: RunEvent): void;
  round(round: Round): void;
  failure(failure: Failure): void;
}

/** How a round ended, in a line. */
export function roundText({ outcome, ending }: Round): string {
  return endedWell(outcome) ? "live equals desired" : ending;
}

/** By `--format`. */
export async function voiceOf(terminal: Terminal, options: ReconcileOptions): Promise<Voice> {
  return options.format === "json" ? jsonVoice(terminal) : await textVoice(terminal, options);
}

/** On standard output: the events of runs as in `--events`, and the ends of rounds. */
function jsonVoice(terminal: Terminal): Voice {
  const say = (value: object) => terminal.stdout.write(`${jsonText(valueWithoutSecrets(value), 0)}\n`);
  const at = () => isoTime(terminal.now());
  return {
    event: say,
    round({ commit, outcome, done, ending, leftAlone }) {
      say({ at: at(), type: "round", commit, outcome, done, message: ending, left_alone: leftAlone });
    },
    failure({ code, message, hint }) {
      say({ at: at(), type: "round-failed", code, message, hint });
    },
  };
}

/** On standard error, and only what is new: whoever reads along knows the rest. */
async function textVoice(terminal: Terminal, options: ReconcileOptions): Promise<Voice> {
  const paint = await paintFor(terminal.stderr, terminal.env, options.color);
  const say = (text: string) => terminal.stderr.write(`${text}\n`);
  let known = "";
  let knownApart = "";
  return {
    event(event) {
      const text = options.verbose === true ? eventText(event, paint) : null;
      if (text !== null) say(text);
    },
    round(round) {
      const { outcome, commit, done, ending, leftAlone } = round;
      const well = endedWell(outcome);
      // What is left alone is not known to be as git wants it.
      const isOld = well && (known === "" || done.length > 0 || leftAlone.length > 0);
      const text = `${commit} ${ending}`;
      const apart = leftAlone.join(", ");
      const news = [
        ...(done.length === 0 ? [] : [`applied: ${done.join(", ")}`]),
        ...(isOld || (done.length === 0 && text === known) ? [] : [roundText(round)]),
        ...(apart === "" || apart === knownApart ? [] : [`left alone for now: ${apart}`]),
      ];
      if (news.length > 0 && !(well && options.quiet === true)) say(harmless(`${commit} ${news.join("; ")}`));
      knownApart = apart;
      if (!well) known = text;
      else if (apart === "") known = "";
    },
    /** As at the end of any command, with the diagnostics of resources on lines of their own. */
    failure({ message, hint }) {
      const text = hint === null ? message : `${message} → ${hint}`;
      if (text !== known) say(`error: ${text.split("\n").map(harmless).join("\n")}`);
      known = text;
    },
  };
}

function endedWell(outcome: Round["outcome"]): boolean {
  return outcome === "applied" || outcome === "nothing-to-do";
}
