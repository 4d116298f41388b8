import type { RepositoryResource } from "./desired.ts";

/** Where no `repository` resource says otherwise: one machine, and nothing insisted on but a clean tree. */
export const DEFAULT_REPOSITORY: RepositoryResource = {
  record: "folder",
  remote: "origin",
  branch: null,
  requirePlan: false,
  approvalApp: "github-actions",
  executables: [],
  addresses: [],
};
