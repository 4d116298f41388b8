import type { StateRow } from "./state-row.ts";

const STANDBY = ["standby"] as const;

/** Before a rotation, after one, and with none in sight (reference teleport-overrides 5.3, S and P). */
export const ROWS_AT_STANDBY: readonly StateRow[] = [
  {
    id: "S3",
    when: { phases: STANDBY, old: ["partial", "covered"] },
    verdict: "blocked",
    advance: false,
    sentence:
      "Some active keys are overridden and some are not: which issuer people see depends on the auth server.",
    safe: ["complete the missing entries", "or disable all"],
    forbidden: ["start a rotation"],
  },
  {
    id: "P1",
    when: { phases: STANDBY, old: ["enabled"], orphans: true, lastRotation: "finished" },
    verdict: "cleanup",
    advance: false,
    sentence: "The rotation is over; the entry of the old key is left.",
    safe: [
      "remove OLD's entry from git and from the cluster",
      "later withdraw the trust in OLD's certificate downstream",
    ],
    forbidden: ["tctl create -f with OLD's entry in the file"],
  },
  {
    id: "P2",
    when: { phases: STANDBY, old: ["enabled"], orphans: true, lastRotation: "rolled_back" },
    verdict: "cleanup",
    advance: false,
    sentence: "The rotation was rolled back; the entry of the new key is left.",
    safe: ["remove NEW's entry from git and from the cluster"],
    forbidden: ["tctl create -f with NEW's entry in the file"],
  },
  {
    id: "S4",
    when: { phases: STANDBY, orphans: true },
    verdict: "cleanup",
    advance: false,
    sentence: "There is an entry for a key that the CA no longer has.",
    safe: ["delete the orphan; that needs no force"],
    forbidden: ["edit the orphan's certificate", "re-create the resource while the orphan is listed"],
  },
  {
    id: "S2",
    when: { phases: STANDBY, old: ["enabled"] },
    verdict: "ok",
    advance: true,
    sentence: "The CA is overridden.",
    safe: [
      "renew the certificate in place; that needs no force",
      "start a rotation, if the external CA can sign in time",
    ],
    forbidden: ["disable or delete the entry before everybody trusts the self-signed certificate"],
  },
  {
    id: "S1",
    when: { phases: STANDBY, old: ["staged", "unfinished"] },
    verdict: "ok",
    advance: true,
    sentence: "An override is staged; the self-signed certificate is in use.",
    safe: [
      "see that the revocation list is there and that everybody trusts the external CA, then enable",
      "or delete the entry",
    ],
    forbidden: ["enable before everybody trusts the external CA"],
  },
  {
    id: "S0",
    when: { phases: STANDBY },
    verdict: "ok",
    advance: true,
    sentence: "Nothing is overridden.",
    safe: ["fetch a CSR", "add its certificate, disabled"],
    forbidden: [],
  },
];
