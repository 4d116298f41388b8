import { clamp, listHeight } from "./areas.ts";
import { listRows } from "./cluster-rows.ts";
import { distance } from "./movement.ts";
import { firstRow } from "./rows.ts";
import { isWatching, type Key, type State } from "./state.ts";

/** Keys of the list of clusters that only move, filter and open. */
export function listKey(state: State, key: Key): State {
  const { list } = state;
  if (list === null) return state;
  const rows = listRows(state);
  const by = distance(key, Math.max(1, listHeight(state.size) - 2));
  if (by !== null) {
    const index = rows.findIndex(({ name }) => name === list.selected);
    const row = rows[clamp(index + by, 0, rows.length - 1)];
    return row === undefined ? state : { ...state, list: { ...list, selected: row.name } };
  }
  switch (key.name) {
    case "return":
    case "right":
      return rows.some(({ name }) => name === list.selected) ? openCluster(state, list.selected) : state;
    case "b":
      return ontoRow({ ...state, blockedOnly: !state.blockedOnly });
    default:
      return state;
  }
}

/** The cursor on a row that a filter left: the same one where it is still there. */
export function ontoRow(state: State): State {
  const { list } = state;
  if (list === null) return state;
  const rows = listRows(state);
  const [first] = rows;
  if (first === undefined || rows.some(({ name }) => name === list.selected)) return state;
  return { ...state, list: { ...list, selected: first.name } };
}

function openCluster(state: State, name: string): State {
  const list = { selected: name, opened: name };
  return { ...fresh(state), list, blockedOnly: false, selected: firstRow(state.plan, list) };
}

/** Back to the list, with the cursor where it was. */
export function closeCluster(state: State): State {
  const { list } = state;
  if (list?.opened == null) return state;
  return { ...fresh(state), list: { selected: list.opened, opened: null }, blockedOnly: false };
}

function fresh(state: State): State {
  const view = isWatching(state) ? state.view : "step";
  return { ...state, at: 0, query: "", searching: false, focus: "tree", view, track: null };
}
