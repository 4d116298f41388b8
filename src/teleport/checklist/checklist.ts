import type { ChecklistStep } from "../../checklist/step.ts";
import { DB, DB_CLIENT_WORK } from "./databases.ts";
import { HOST } from "./host.ts";
import { OPENSSH } from "./openssh.ts";
import { JWT, OIDC_IDP, OKTA, SAML_IDP } from "./tokens.ts";
import { USER, WINDOWS_WORK } from "./user-and-windows.ts";
import { APP_CLIENT, AWSRA, BOUND_KEYPAIR, SPIFFE } from "./workloads.ts";

/**
 * The table of work (reference teleport-rotation 2.2, 4.7, 5, 9.5). Ids are public: people acknowledge them in
 * git, so an id is never renamed; a step that changes its meaning gets a new one.
 *
 * All steps, by type in the order of `AUTHORITY_TYPES`, then in the order of the work.
 */
export const CHECKLIST: readonly ChecklistStep[] = [
  ...HOST,
  ...USER,
  ...DB,
  ...DB_CLIENT_WORK,
  ...OPENSSH,
  ...JWT,
  ...SAML_IDP,
  ...OIDC_IDP,
  ...SPIFFE,
  ...OKTA,
  ...AWSRA,
  ...BOUND_KEYPAIR,
  ...WINDOWS_WORK,
  ...APP_CLIENT,
];
