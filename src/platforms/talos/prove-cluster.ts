import { Failure } from "../../failure.ts";
import { makeClient } from "../../x509/make.ts";
import { everywhere, refusedEverywhere } from "./every-machine.ts";
import { kubernetesFacts, openKubectl, refuses, rootAuthority, withKubeChange } from "./kubernetes.ts";
import { apiServersOf, kubeconfigFor } from "./look-at-kubernetes.ts";
import { clientOf } from "./stage-client.ts";
import { CERTIFICATES_MS, PUBLISH_MS, RESTART_MS, within } from "./time-limits.ts";
import type { TalosTransition } from "./transition-at-hand.ts";

/** What the step rests on still holds: everybody knows the new CA before it signs, and uses it before the old one goes. */
export async function proveBefore(work: TalosTransition): Promise<void> {
  const { session, type, from, to, keys, pair } = work;
  if (to === "rollback" || from === "rollback" || (to !== "update_servers" && to !== "standby")) return;
  const trust = to === "standby" ? pair.next.pem : pair.old.pem + pair.next.pem;
  const problem =
    type === "talos"
      ? await everywhere(work, await clientOf(session, keys.next, trust), [undefined])
      : await kubernetesReady(work, await kubeconfigFor(session, work.look));
  if (problem === null) return;
  throw new Failure("refused", `${type} cannot leave ${from}: ${problem}`, {
    hint: "nothing was changed; every machine has to follow first",
  });
}

/** Proves of all machines together what the phase promises (reference 2.2, "leave guard"). */
export async function proveCluster(work: TalosTransition): Promise<void> {
  const problem = work.type === "talos" ? await talosPromise(work) : await kubernetesPromise(work);
  if (problem === null) return;
  throw new Failure("refused", `${work.type} is not in ${work.to} yet: ${problem}`, {
    hint: "every machine was changed; running capstan again looks again and goes on",
  });
}

async function talosPromise(work: TalosTransition): Promise<string | null> {
  const { session, to, from, keys, pair } = work;
  const both = pair.old.pem + pair.next.pem;
  const goesBack = to === "rollback" || from === "rollback";
  const client = goesBack
    ? await clientOf(session, keys.old, to === "rollback" ? both : pair.old.pem)
    : await clientOf(session, keys.next, to === "standby" ? pair.next.pem : both);
  const allowed = await everywhere(work, client);
  if (allowed !== null || to !== "standby") return allowed;
  const gone = await clientOf(session, goesBack ? keys.next : keys.old, both);
  if (gone !== null && client !== null) return await refusedEverywhere(work, gone, client);
  work.progress(NOT_TRIED);
  return null;
}

/** A rotation that git no longer declares: its next key is in the history only. */
const NOT_TRIED =
  "the key of the CA that was dropped is not at hand: that its clients are refused was not tried";

async function kubernetesReady(work: TalosTransition, kubeconfig: string): Promise<string | null> {
  const { session } = work;
  const { path } = await openKubectl(session, kubeconfig);
  return await session.until(
    async () => {
      const facts = await kubernetesFacts(session, path);
      if (facts.state === "unread") return facts.problem;
      return facts.notReady.length === 0 ? null : `${facts.notReady.join(", ")} not Ready`;
    },
    within(work, RESTART_MS),
  );
}

async function kubernetesPromise(work: TalosTransition): Promise<string | null> {
  const { session, look, to, from, pair, keys } = work;
  const signer = to === "update_servers" || (to === "standby" && from !== "rollback") ? pair.next : pair.old;
  const text = await kubeconfigFor(session, look);
  const ready = await kubernetesReady(work, text);
  if (ready !== null) return ready;
  const { path } = await openKubectl(session, text);
  const published = await session.until(
    async () => {
      const root = await rootAuthority(session, path);
      if (typeof root === "string") return root;
      return root.some(({ fingerprint }) => fingerprint === signer.fingerprint)
        ? null
        : "kube-root-ca.crt does not carry the CA that signs now";
    },
    within(work, PUBLISH_MS),
  );
  if (published !== null || to !== "standby") return published;
  const gone = from === "rollback" ? keys.next : keys.old;
  if (gone === null) {
    work.progress(NOT_TRIED);
    return null;
  }
  const client = await makeClient(gone, {
    organization: "system:masters",
    commonName: "admin",
    now: session.now(),
  });
  const refused = await openKubectl(session, withKubeChange(text, { client }));
  for (const server of apiServersOf(look)) {
    const { address } = server;
    const problem = await session.until(
      async () => {
        const answer = await refuses(session, refused.path, server);
        if (answer === true) return null;
        return answer === false
          ? `the API server of ${address} still accepts a client of the CA that was dropped`
          : answer;
      },
      within(work, CERTIFICATES_MS),
    );
    if (problem !== null) return problem;
  }
  return null;
}
