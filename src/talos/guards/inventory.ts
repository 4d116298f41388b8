import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import type { Finding } from "../../rotation/plan.ts";
import { type TalosFacts, type TalosMachine, type TalosMember, talosFacts } from "../facts.ts";
import { canonicalAddress } from "../machine-address.ts";

/**
 * A machine that misses a change is locked out for good: a worker that meets a CA it does not know never gets a
 * certificate again (reference talos-rotation 2.5, 5.1). So everybody has to be known, and has to answer.
 */
export const inventory: Guard = {
  id: "inventory",
  about: "cluster",
  refuses: "a step while the inventory, the members of the cluster and the machines that answer differ",
  waivable: true,
  subjects: ["machine", "member", "members", "inventory"],
  appliesTo: ({ edge }) => edge.from !== edge.to && edge.to !== "rollback",
  judge: ({ observation }) => {
    const talos = talosFacts(observation);
    if (talos === undefined) return unknown(NOBODY_LOOKED);
    return failWith([...talos.machines.flatMap(silentOrOther), ...shared(talos), ...strangers(talos)]);
  },
};

const NOBODY_LOOKED: Finding = {
  subject: "inventory",
  message: "nobody has looked at the machines",
  remedy: "plan again with an observation of this version of capstan",
};

function silentOrOther({ address, machineType, problem, found }: TalosMachine): readonly Finding[] {
  const subject = `machine/${address}`;
  if (found === null) {
    const message = `does not answer: ${problem ?? "no reason given"}`;
    return [{ subject, message, remedy: "start it, or take it out of the cluster and of spec.talos" }];
  }
  if (found.nodeId === null) {
    const message = "does not say which machine it is";
    return [{ subject, message, remedy: "look at `talosctl get identity` on it" }];
  }
  if (found.machineType === machineType) return [];
  return [
    {
      subject,
      message: `is a ${found.machineType}, and the inventory calls it a ${machineType}`,
      remedy: "correct control_planes and workers of spec.talos",
    },
  ];
}

/** An address that moves, or that two entries share (talos#10357). */
function shared({ machines }: TalosFacts): readonly Finding[] {
  return machines.flatMap(({ address, found }, index) => {
    const other = machines.findIndex(
      (machine) => machine.found?.nodeId != null && machine.found.nodeId === found?.nodeId,
    );
    if (other < 0 || other === index) return [];
    return [
      {
        subject: `machine/${address}`,
        message: `is the same machine as ${machines[other]?.address}: one of them is a shared address`,
        remedy: "write each machine with an address of its own into spec.talos",
      },
    ];
  });
}

function strangers({ machines, members }: TalosFacts): readonly Finding[] {
  if (members === null || members.length === 0) {
    return [
      {
        subject: "members",
        message:
          members === null
            ? "the members of the cluster cannot be listed"
            : "discovery lists no member: it is switched off",
        remedy: "compare spec.talos with your own inventory",
      },
    ];
  }
  const known = new Set(machines.flatMap(({ found }) => found?.nodeId ?? []));
  const listed = new Set(members.map(({ nodeId }) => nodeId));
  // Who does not answer cannot say who it is, and has a finding of its own: its address, or its name, tells.
  const silent = new Set(
    machines.flatMap(({ address, found }) => (found?.nodeId == null ? [canonicalAddress(address)] : [])),
  );
  const isSilent = ({ hostname, addresses }: TalosMember) =>
    [hostname, ...addresses].some((one) => silent.has(canonicalAddress(one)));
  return [
    ...members
      .filter((member) => !known.has(member.nodeId) && !isSilent(member))
      .map(({ hostname, addresses }) => ({
        subject: `member/${hostname}`,
        message: `is a member of the cluster (${addresses.join(", ")}), and no machine of the inventory`,
        remedy: "add it to spec.talos; one that is gone for good stays listed for up to 30 minutes",
      })),
    ...machines
      .filter(({ found }) => found?.nodeId != null && !listed.has(found.nodeId))
      .map(({ address }) => ({
        subject: `machine/${address}`,
        message: "answers, and is not listed among the members of the cluster",
        remedy: "find out whether it belongs to this cluster",
      })),
  ];
}
