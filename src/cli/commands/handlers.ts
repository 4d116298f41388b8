import type { Handler } from "./command-row.ts";
import type { DeclaredCommand } from "./command-table.ts";
import { directoryOf } from "./common-flags.ts";

type Loaders = {
  readonly [Row in DeclaredCommand as Row["name"]]: () => Promise<Handler<Row>>;
};

const edits = () => import("../edit-report.ts");

/** What runs each command. It is loaded when it is asked for: `--help` costs no more than reading the table. */
export const HANDLERS: Loaders = {
  init: async () =>
    (await edits()).reported((await import("../init.ts")).init, (options, folder) =>
      directoryOf(typeof folder === "string" ? folder : undefined, options),
    ),
  validate: async () => (await import("../validate.ts")).validate,
  status: async () => (await import("../status.ts")).status,
  plan: async () => (await import("../plan.ts")).plan,
  apply: async () => (await import("../apply.ts")).apply,
  reconcile: async () => (await import("../reconcile.ts")).reconcile,
  forecast: async () => (await import("../forecast.ts")).forecast,
  show: async () => (await import("../show.ts")).show,
  "lock show": async () => (await import("../lock.ts")).lockShow,
  "lock release": async () => (await import("../lock.ts")).lockRelease,
  check: async () => (await import("../check.ts")).check,
  artifacts: async () => (await import("../artifacts.ts")).artifacts,
  replay: async () => (await import("../replay.ts")).replay,
  "rotate start": async () => (await edits()).reported((await import("../rotate.ts")).rotateStart),
  "rotate adopt": async () => (await edits()).reported((await import("../rotate.ts")).rotateAdopt),
  "rotate advance": async () => (await edits()).reported((await import("../rotate.ts")).rotateAdvance),
  "rotate finish": async () => (await edits()).reported((await import("../rotate.ts")).rotateFinish),
  "rotate rollback": async () => (await edits()).reported((await import("../rotate.ts")).rotateRollback),
  hold: async () => (await edits()).reported((await import("../hold.ts")).holdInGit),
  waive: async () => (await edits()).reported((await import("../waive.ts")).waive),
  acknowledge: async () => (await edits()).reported((await import("../acknowledge.ts")).acknowledge),
  "override csr": async () => (await edits()).reported((await import("../override/csr.ts")).csr),
  "override add": async () => (await edits()).reported((await import("../override/add.ts")).addCertificate),
  "override enable": async () => (await edits()).reported((await import("../override/enable.ts")).enable),
  "override renew": async () => (await edits()).reported((await import("../override/renew.ts")).renew),
  "override retire": async () => (await edits()).reported((await import("../override/retire.ts")).retire),
  "sandbox up": async () => (await import("../sandbox.ts")).up,
  "sandbox down": async () => (await import("../sandbox.ts")).down,
  "sandbox status": async () => (await import("../sandbox.ts")).sandboxState,
  "sandbox fault": async () => (await import("../sandbox.ts")).fault,
  "sandbox db-login": async () => (await import("../sandbox.ts")).databaseLogin,
  action: async () => (await import("../action.ts")).action,
  explain: async () => (await import("../explain.ts")).explainWord,
  completion: async () => (await import("../completion.ts")).completion,
  doctor: async () => (await import("../doctor.ts")).doctor,
};
