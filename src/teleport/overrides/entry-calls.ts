import { endsForward } from "./ca-keys.ts";
import type { OverrideEntry } from "./ca-override.ts";
import { sameCertificates, sameChain } from "./compare-overrides.ts";
import { isStuck, type KeyRole } from "./key-role.ts";
import type { FieldsToSet, Need, OverrideAction, OverrideCallFields, Purpose } from "./override-action.ts";

/** The calls that make the entry of one key as git has it, in no order yet. */
export function callsFor(role: KeyRole): readonly OverrideAction[] {
  const { before, after } = role;
  if (after === undefined) return before === undefined ? [] : removal(role, before);
  return before === undefined ? addition(role, after) : change(role, before, after);
}

function addition(role: KeyRole, after: OverrideEntry): readonly OverrideAction[] {
  if (after.state === "waived") return [keyOnly(role)];
  const create = act(role, "stage", {
    call: "create-override",
    certificate: after.certificate.pem,
    chain: pems(after),
  });
  return [create, awaitCrl(role), ...(after.state === "enabled" ? [enable(role)] : [])];
}

function change(role: KeyRole, before: OverrideEntry, after: OverrideEntry): readonly OverrideAction[] {
  if (before.state === after.state && sameCertificates(before, after)) return [];
  if (after.state === "waived") {
    return [...takeOutOfForce(role), drop(role, "delete"), keyOnly(role)];
  }
  const content = contentToSet(before, after);
  const changes = Object.keys(content).length > 0;
  if (before.state === "enabled") {
    return after.state === "enabled"
      ? [act(role, "renew", { call: "update-override", set: content }, touching(role))]
      : [disable(role, content)];
  }
  return [
    ...(changes ? [act(role, "renew", { call: "update-override", set: content })] : []),
    ...(changes || (after.state === "enabled" && !role.hasCrl) ? [awaitCrl(role)] : []),
    ...(after.state === "enabled" ? [enable(role)] : []),
  ];
}

function removal(role: KeyRole, before: OverrideEntry): readonly OverrideAction[] {
  const { known, live, now, generation, phase, goal } = role;
  if (!known) {
    return [act(role, isStuck(before, live, now) ? "unblock" : "purge", { call: "delete-override" })];
  }
  if (generation === "old" && endsForward(phase, goal)) {
    return [{ ...act(role, "retire", { call: "delete-override" }), moment: "after-standby" }];
  }
  return [...takeOutOfForce(role), drop(role, "delete")];
}

/** Live entries go in two calls, so that only the first one needs force and a probe can look in between. */
function takeOutOfForce(role: KeyRole): readonly OverrideAction[] {
  return role.inForce ? [disable(role, {})] : [];
}

function disable(role: KeyRole, content: FieldsToSet): OverrideAction {
  const call = { call: "update-override", set: { ...content, disabled: true } } as const;
  return { ...act(role, "disable", call, touching(role)), force: role.inForce };
}

function drop(role: KeyRole, purpose: Purpose): OverrideAction {
  return act(role, purpose, { call: "delete-override" }, touching(role));
}

function enable(role: KeyRole): OverrideAction {
  // Putting OLD's entry back in force restores what people trusted all along.
  const restores = role.phase !== "standby" && role.generation === "old";
  const call = { call: "update-override", set: { disabled: false } } as const;
  return act(role, "enable", call, restores ? [] : ["trust"]);
}

function keyOnly(role: KeyRole): OverrideAction {
  return act(role, "waive", { call: "create-override", certificate: null, chain: [] });
}

function awaitCrl(role: KeyRole): OverrideAction {
  return act(role, "await-crl", { call: "await-crl" });
}

/**
 * In force, or needed for a rollback: nobody touches that without a reviewed reason. In place renewal is
 * the exception.
 */
function touching({ inForce, neededForRollback, after }: KeyRole): readonly Need[] {
  return neededForRollback || (inForce && after?.state !== "enabled") ? ["waiver"] : [];
}

function act(
  role: KeyRole,
  purpose: Purpose,
  call: OverrideCallFields,
  needs: readonly Need[] = [],
): OverrideAction {
  return { keyHash: role.keyHash, purpose, moment: "now", needs, force: false, ...call };
}

function contentToSet(before: OverrideEntry, after: OverrideEntry): FieldsToSet {
  return {
    ...(after.certificate === null || before.certificate?.sha256 === after.certificate.sha256
      ? {}
      : { certificate: after.certificate.pem }),
    ...(sameChain(before.chain, after.chain) ? {} : { chain: pems(after) }),
  };
}

function pems({ chain }: OverrideEntry): readonly string[] {
  return chain.map(({ pem }) => pem);
}
