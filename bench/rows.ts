import type { Row } from "./row.ts";
import { action } from "./rows/action.ts";
import { applyFleet } from "./rows/apply-fleet.ts";
import { certificates } from "./rows/certificates.ts";
import { manyResources } from "./rows/many-resources.ts";
import { members } from "./rows/members.ts";
import { pins } from "./rows/pins.ts";
import { planFleet } from "./rows/plan-fleet.ts";
import { planNodes } from "./rows/plan-nodes.ts";
import { planSmall } from "./rows/plan-small.ts";
import { startUp } from "./rows/start-up.ts";
import { validate } from "./rows/validate.ts";
import { walk } from "./rows/walk.ts";

/** Every row, by the name that `npm run bench -- NAME` takes. */
export const ROWS: Readonly<Record<string, Row>> = {
  "start-up": startUp,
  validate,
  "plan-small": planSmall,
  "plan-nodes": planNodes,
  "plan-fleet": planFleet,
  "apply-fleet": applyFleet,
  walk,
  resources: manyResources,
  certificates,
  members,
  pins,
  action,
};
