import { activeTrackOf, rollbackRefusal, type Track } from "../run/run-state.ts";
import { FRESH, type RollbackTarget, type State } from "./state.ts";

/** What a rollback would be about now: what moves in the cluster that is looked at. */
function rollbackTrack({ run, list }: State): Track | undefined {
  if (list !== null) return activeTrackOf(run, list.opened ?? list.selected);
  return run.tracks[run.active ?? -1];
}

/** Why `r` rolls nothing back there; `null` when it can. */
export function refusesRollback(state: State): string | null {
  const { run, asked, list } = state;
  const track = rollbackTrack(state);
  const known = list === null || asked.rollbacks.some(({ cluster }) => cluster === track?.cluster);
  if (asked.rollbacks.length > 0 && known) return "the rollback was asked for already";
  if (asked.stop) return "the run is stopping";
  if (track !== undefined && run.clusterEndings.has(track.cluster))
    return `the run is over on ${track.cluster}`;
  return rollbackRefusal(run, track);
}

/** The question of a rollback, or why there is none. */
export function askRollback(state: State): State {
  const track = rollbackTrack(state);
  const refusal = refusesRollback(state);
  if (refusal !== null || track === undefined) return noWayBack(state, refusal ?? "nothing has moved yet");
  const { cluster, rotation, authority } = track;
  return { ...state, dialog: { kind: "rollback", target: { cluster, rotation, authority }, ...FRESH } };
}

/** The run may have gone on since the question was asked. */
export function rollBack(state: State, target: RollbackTarget): State {
  const { asked } = state;
  const track = rollbackTrack(state);
  const same =
    track?.cluster === target.cluster &&
    track.rotation === target.rotation &&
    track.authority === target.authority;
  const refusal = same ? refusesRollback(state) : "the run has gone on to another rotation";
  if (refusal !== null) return noWayBack(state, refusal);
  return { ...state, asked: { ...asked, rollbacks: [...asked.rollbacks, target] } };
}

function noWayBack(state: State, reason: string): State {
  return {
    ...state,
    dialog: { kind: "refused", top: 0, title: "There is no way back from here", reasons: [reason] },
  };
}
