import { ACTION, APPLY, LOCK, LOCK_RELEASE, LOCK_SHOW, RECONCILE } from "./apply-rows.ts";
import type { CommandGroup } from "./command-row.ts";
import {
  OVERRIDE,
  OVERRIDE_ADD,
  OVERRIDE_CSR,
  OVERRIDE_ENABLE,
  OVERRIDE_RENEW,
  OVERRIDE_RETIRE,
} from "./override-rows.ts";
import { FORECAST, PLAN, REPLAY, SHOW } from "./plan-rows.ts";
import { ARTIFACTS, CHECK, DOCTOR, INIT, STATUS, VALIDATE } from "./repository-rows.ts";
import {
  ROTATE,
  ROTATE_ADOPT,
  ROTATE_ADVANCE,
  ROTATE_FINISH,
  ROTATE_ROLLBACK,
  ROTATE_START,
} from "./rotate-rows.ts";
import {
  SANDBOX,
  SANDBOX_DB_LOGIN,
  SANDBOX_DOWN,
  SANDBOX_FAULT,
  SANDBOX_STATUS,
  SANDBOX_UP,
} from "./sandbox-rows.ts";
import { ACKNOWLEDGE, HOLD, WAIVE } from "./statement-rows.ts";
import { COMPLETION, EXPLAIN } from "./word-rows.ts";

/** Every command of capstan, in the order of `--help`: the one table of them. */
export const COMMANDS = [
  INIT,
  VALIDATE,
  STATUS,
  PLAN,
  APPLY,
  RECONCILE,
  FORECAST,
  SHOW,
  LOCK_SHOW,
  LOCK_RELEASE,
  CHECK,
  ARTIFACTS,
  REPLAY,
  ROTATE_START,
  ROTATE_ADOPT,
  ROTATE_ADVANCE,
  ROTATE_FINISH,
  ROTATE_ROLLBACK,
  WAIVE,
  ACKNOWLEDGE,
  HOLD,
  OVERRIDE_CSR,
  OVERRIDE_ADD,
  OVERRIDE_ENABLE,
  OVERRIDE_RENEW,
  OVERRIDE_RETIRE,
  SANDBOX_UP,
  SANDBOX_DOWN,
  SANDBOX_STATUS,
  SANDBOX_FAULT,
  SANDBOX_DB_LOGIN,
  ACTION,
  DOCTOR,
  EXPLAIN,
  COMPLETION,
] as const;

/** The first words of those that have two. */
export const GROUPS: readonly CommandGroup[] = [LOCK, ROTATE, OVERRIDE, SANDBOX];

/** One of the rows. */
export type DeclaredCommand = (typeof COMMANDS)[number];
