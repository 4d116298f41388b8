import type { GuardId } from "../rotation/plan.ts";
import type { Explained } from "./page.ts";

/** Why each guard exists, and what to do when it blocks; what it blocks, the guard says itself (`refuses`). */
export const GUARD_PAGES: Readonly<Record<GuardId, Required<Pick<Explained, "why" | "todo">>>> = {
  "phase-order": {
    why: "The server refuses every other move too, and a jump would skip the work of the phase between.",
    todo: "Take the phases one by one (`capstan rotate advance TYPE`), or have them walked: `strategy: walk`.",
  },
  mode: {
    why: "In automatic mode the platform goes on by its clock and looks at nobody. In the end it drops the old key.",
    todo: "Take it over by a manual step, as the finding says, or go back: `capstan rotate rollback TYPE`.",
  },
  "foreign-rotation": {
    why: "Two people who steer one rotation is how clusters are lost.",
    todo: "Find out who began it. `capstan rotate adopt TYPE` writes its resource, if it is to go on from here.",
  },
  exclusive: {
    why: "All CAs at once leave nothing to fall back on.",
    todo: "Wait until the other one is in standby again, or roll it back.",
  },
  roster: {
    why: "A machine that is off during a rotation is not in any listing. When the old key goes, it is cut off.",
    todo: "Start it, and wait until it follows. If it is gone for good, accept that with `capstan waive`: it has to join anew.",
  },
  "components-ready": {
    why: "A component that does not follow is cut off by one of the next steps.",
    todo: "Wait. If it stays so, look at the log of the component that is named.",
  },
  checks: {
    why: "Components say that they follow. Whether a person gets in, only a login shows.",
    todo: "`capstan check` runs them now, and says what went wrong. An override that nobody saw in use: a check that prints the start event of a session (docs/checks.md).",
  },
  hold: {
    why: "A person wants nothing to move now. The way back is open all the same.",
    todo: "Ask who holds it, and why. Remove `hold` in git, or wait until it ends.",
  },
  wave: {
    why: "The first clusters show what goes wrong, while the others still stand.",
    todo: "Wait until the wave before is through. If it went back, find out why first.",
  },
  "trust-consumers": {
    why: "Databases, gateways and clients outside the cluster are reported by nobody. Who does not know the new CA is cut off.",
    todo: "Do the work that is named. Then state it: `capstan acknowledge STEP`.",
  },
  soak: {
    why: "Sessions and caches learn a new CA late, and nothing reports them.",
    todo: "Apply again when the time is over. A waiver covers one step.",
  },
  window: {
    why: "Somebody should be awake when a step begins.",
    todo: "Apply again when a window is open. A waiver covers one step.",
  },
  backup: {
    why: "When the old key is gone, a backup is all that is left of what trusted it.",
    todo: "Apply makes one before each rotation that it starts. Keep a copy of your own where it could not.",
  },
  credentials: {
    why: "If the identity of capstan does not survive a step, nobody is at the wheel half-way.",
    todo: "Issue a new identity now, as the finding says, and plan again.",
  },
  "hsm-keys": {
    why: "Every auth server with an HSM brings a key of its own. One without cannot sign from update_clients on.",
    todo: "Wait a minute, and plan again. If it stays so, look at the log of the auth server that has none.",
  },
  overrides: {
    why: "A new key without an override signs with its own certificate, without a word. Who trusts only the external CA is cut off.",
    todo: "`capstan override csr TYPE` begins the certificate that is missing.",
  },
  pins: {
    why: "Who dials the auth server and lists one pin only cannot join while the other key is shown.",
    todo: "Add the pin that lacks in the file and line that are named, and commit.",
  },
  "trusted-clusters": {
    why: "A leaf or a root that missed a phase is cut off, and its connection shows as online.",
    todo: "Wait up to 30 minutes for the sync. If it stays so, look at the log of the proxies of the root, or go back.",
  },
  version: {
    why: "A tool that is much older or newer than the cluster does not know all CAs, or speaks another dialect.",
    todo: "Use a tool of the version of the cluster.",
  },
  omni: {
    why: "Omni keeps the configuration of the machines, and would undo the change.",
    todo: "Rotate with omnictl.",
  },
  inventory: {
    why: "A machine that is not in the list is not changed, and is cut off by the last step.",
    todo: "Correct control_planes and workers in git, until every machine answers.",
  },
  "machine-states": {
    why: "A machine between two states is repaired first: the next step could lock it out.",
    todo: "Do what the finding says, before anything else.",
  },
  "foreign-cas": {
    why: "A CA that nobody here knows may be a rotation that somebody else began.",
    todo: "Find out whose it is. Then take it out, or add it on every machine.",
  },
  "pending-config": {
    why: "What is on disk takes effect with the next restart, in the middle of the rotation.",
    todo: "Let it take effect, or apply the active one again. Then plan again.",
  },
  "config-edits": {
    why: "An edit that was not tried may leave a machine that does not start.",
    todo: "Correct the configuration as the finding says. Then plan again.",
  },
  clocks: {
    why: "A certificate that is made now is not valid yet where the clock is behind.",
    todo: "Give the machine a time server that it reaches.",
  },
  "kubernetes-health": {
    why: "Each step restarts control planes one by one. None of the others may be down then.",
    todo: "Repair what is named, and plan again.",
  },
};
