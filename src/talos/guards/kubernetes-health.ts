import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard } from "../../profile/profile.ts";
import { isForward } from "../../rotation/phase.ts";
import { talosFacts } from "../facts.ts";

/**
 * Every step restarts kubelets and API servers, one machine at a time: none of the others may be down (reference
 * talos-rotation 2.5). Half-way the machine that was changed last is in the middle of its restart; the step itself
 * waits for it.
 */
export const kubernetesHealth: Guard = {
  id: "kubernetes-health",
  about: "cluster",
  refuses: "restarting control planes and kubelets while Kubernetes is not well",
  waivable: true,
  subjects: ["kubernetes", "node", "pod", "apiserver"],
  appliesTo: ({ edge, authority }) =>
    authority.type === "kubernetes" &&
    authority.rotation.towards == null &&
    isForward(edge) &&
    edge.from !== edge.to,
  judge: ({ observation }) => {
    const talos = talosFacts(observation);
    const facts = talos?.kubernetes;
    if (facts === undefined || facts.state === "unread") {
      return unknown({
        subject: "kubernetes",
        message: facts === undefined ? "nobody has looked at it" : `cannot be looked at: ${facts.problem}`,
        remedy:
          "install kubectl and name it in spec.talos.kubectl; name a kubeconfig whose server is reachable",
      });
    }
    return failWith([
      ...facts.notReady.map((subject) => ({
        subject,
        message: "is not Ready",
        remedy: "repair it first, or wait until it is",
      })),
      ...(facts.silent ?? []).map(({ server, problem }) => ({
        subject: `apiserver/${server.replace("https://", "")}`,
        message: `does not answer, and every step proves each API server at its own address: ${problem}`,
        remedy: "repair it, or open the way from here to that address and port",
      })),
    ]);
  },
};
