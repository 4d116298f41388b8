import { isDeepStrictEqual } from "node:util";
import type { Machine } from "./machine.ts";

export interface HealthCondition {
  readonly condition: string;
  /** `null` when it is met. */
  readonly problem: string | null;
}

/** `talosctl health`, in the order in which it waits. Lists of addresses may be empty: then they are not compared. */
export function checkHealth(
  machines: readonly Machine[],
  controlPlanes: readonly string[],
  workers: readonly string[],
): readonly HealthCondition[] {
  const isOdd = (wanted: readonly string[], isControlPlane: boolean): boolean => {
    const found = machines.filter((machine) => machine.isControlPlane === isControlPlane);
    return wanted.length > 0 && !isDeepStrictEqual(wanted, found.map(({ address }) => address).sort());
  };
  const isMismatch = isOdd(controlPlanes, true) || isOdd(workers, false);
  const none = (problem: string, wrong: readonly Machine[]): string | null =>
    wrong.length === 0 ? null : `${problem}: ${wrong.map(({ name }) => name).join(", ")}`;
  return [
    {
      condition: "discovered nodes to match the given ones",
      problem: isMismatch ? "unexpected nodes" : null,
    },
    {
      condition: "apid to be ready",
      problem: none(
        "no answer",
        machines.filter(({ isOn }) => !isOn),
      ),
    },
    {
      condition: "kubelet to be healthy",
      problem: none(
        "not healthy",
        machines.filter(({ kubelet }) => kubelet.service?.healthy !== true),
      ),
    },
    {
      condition: "all control plane static pods to be running",
      problem: none(
        "not running",
        machines.filter(({ controlPlane }) => controlPlane !== null && controlPlane.view === null),
      ),
    },
    {
      condition: "all k8s nodes to report ready",
      problem: none(
        "some nodes are not ready",
        machines.filter((machine) => !machine.isKubernetesReady()),
      ),
    },
  ];
}
