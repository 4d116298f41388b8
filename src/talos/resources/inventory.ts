import { listAt, nameOf, type Path } from "../../foreign-value.ts";
import type { WrittenResource } from "../../profile/written-resource.ts";
import { VARIABLE_OPENING } from "../../resources/model/variables.ts";
import { canonicalAddress, problemWithAddress } from "../machine-address.ts";

/** As in the schema, which sees the name of a variable and not what it holds. */
const ADDRESS = /^[A-Za-z0-9:[][^\s,]*$/;

/**
 * Complains of addresses of machines once the environment's variables are in: `substituted` is `spec.talos` then. What
 * a variable holds is not printed.
 */
export function checkInventory(cluster: WrittenResource, substituted: unknown): void {
  const machines = new Map<string, Path>();
  for (const field of ["endpoints", "control_planes", "workers"]) {
    for (const [index, address] of listAt(substituted, [field]).entries()) {
      if (typeof address !== "string") continue;
      const path: Path = ["spec", "talos", field, index];
      const report = (message: string, suggestion: string) => cluster.report(path, message, suggestion);
      const written = listAt(cluster.value, ["spec", "talos", field])[index];
      const isVariable = typeof written === "string" && written.includes(VARIABLE_OPENING);
      if (isVariable && !address.includes(VARIABLE_OPENING) && !ADDRESS.test(address))
        report(`${nameOf(path)} does not come out as one address`, "give every machine an entry of its own");
      // An endpoint is one of the machines, or a load balancer with a port.
      if (field === "endpoints" || address.includes(VARIABLE_OPENING)) continue;
      const problem = problemWithAddress(address);
      if (problem !== null)
        report(`${nameOf(path)} ${problem.message}`, isVariable ? "correct it" : problem.suggestion);
      const machine = canonicalAddress(address);
      const first = machines.get(machine);
      if (first === undefined) machines.set(machine, path);
      else report(`${nameOf(path)} is the machine of ${nameOf(first)}`, "keep one of them");
    }
  }
}
