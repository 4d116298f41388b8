import { rollbackRefusal } from "../run/run-state.ts";
import { FRESH, type RollbackTarget, type State } from "./state.ts";

/** The question of a rollback, or why there is none. */
export function askRollback(state: State): State {
  const { run, asked } = state;
  const track = run.tracks[run.active ?? -1];
  const refusal =
    asked.rollback !== null
      ? "the rollback was asked for already"
      : asked.stop
        ? "the run is stopping"
        : rollbackRefusal(run, track);
  if (refusal !== null || track === undefined) return noWayBack(state, refusal ?? "nothing has moved yet");
  const { cluster, rotation, authority } = track;
  return { ...state, dialog: { kind: "rollback", target: { cluster, rotation, authority }, ...FRESH } };
}

/** The run may have gone on since the question was asked. */
export function rollBack(state: State, target: RollbackTarget): State {
  const { run, asked } = state;
  const track = run.tracks[run.active ?? -1];
  const same =
    track?.cluster === target.cluster &&
    track.rotation === target.rotation &&
    track.authority === target.authority;
  const refusal = same ? rollbackRefusal(run, track) : "the run has gone on to another rotation";
  return refusal === null ? { ...state, asked: { ...asked, rollback: target } } : noWayBack(state, refusal);
}

function noWayBack(state: State, reason: string): State {
  return {
    ...state,
    dialog: { kind: "refused", top: 0, title: "There is no way back from here", reasons: [reason] },
  };
}
