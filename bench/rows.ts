import type { Row } from "./row.ts";
import { manyResources } from "./rows/many-resources.ts";
import { pins } from "./rows/pins.ts";
import { planFleet } from "./rows/plan-fleet.ts";
import { planNodes } from "./rows/plan-nodes.ts";
import { planSmall } from "./rows/plan-small.ts";
import { startUp } from "./rows/start-up.ts";
import { validate } from "./rows/validate.ts";

/** Every row, by the name that `npm run bench -- NAME` takes. */
export const ROWS: Readonly<Record<string, Row>> = {
  "start-up": startUp,
  validate,
  "plan-small": planSmall,
  "plan-nodes": planNodes,
  "plan-fleet": planFleet,
  resources: manyResources,
  pins,
};
