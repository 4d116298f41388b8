import { command, work } from "../checklist/entry.ts";
import type { ChecklistStep } from "../checklist/step.ts";

/** What no machine shows: who else holds a client configuration, or trusts a CA (reference talos-rotation 5.4, 5.5). */
const TALOS = work("talos", {
  update_clients: {
    "hand-out-talosconfigs": {
      what: "Hand out new talosconfigs to everybody and everything that calls the Talos API: all roles, CI, backup jobs, monitoring.",
      why: "From update_servers on machines show certificates of the new CA, which a talosconfig of the old one refuses; from standby on they refuse its client.",
      verify: "Each of them calls every machine with a talosconfig whose `ca` holds both CAs.",
      helps: [command("talosctl --talosconfig FILE config info")],
    },
  },
  update_servers: {
    "nobody-left-behind": {
      what: "Make sure that nobody uses a client certificate of the old CA any more.",
      why: "It is refused from standby on, and there is no way back.",
      verify: "Every talosconfig in use was handed out in this rotation.",
    },
    "update-secrets": {
      what: "Put the new CA into the secrets bundle, and into every machine configuration that is kept: git, talhelper, Terraform state.",
      why: "A machine that is made or configured from the old ones afterwards is locked out, or puts the old CA back.",
      verify: "A configuration generated for a new machine names the new CA.",
      helps: [
        command("capstan rotate finish talos"),
        command("talosctl gen config --with-secrets secrets.yaml …"),
      ],
    },
    "restart-api-access": {
      what: "Restart the pods that reach the Talos API through a ServiceAccount of talos.dev.",
      why: "Their talosconfig is written anew, and who has read it already trusts the old CA only.",
      verify: "They call the Talos API again.",
      binding: "advice",
    },
  },
  rollback: {
    "take-back-talosconfigs": {
      what: "Take back the talosconfigs that were handed out; those that capstan writes now come from the old CA.",
      why: "Clients of the new CA are refused from standby on.",
      verify: "Nobody uses a client certificate of the new CA any more.",
      binding: "advice",
    },
  },
  standby: {
    "destroy-old-key": {
      what: "Destroy copies of the old key, and the client configurations that it signed.",
      why: "Nobody needs them any more, and whoever finds them should have nothing to try.",
      verify: "No backup holds the key any more; in the record it is sealed until the next rotation begins.",
      binding: "advice",
    },
    "restart-for-good": {
      what: "Restart machines, or apid on them, where access has to end at once.",
      why: "Connections that were open when the old CA was dropped stay open.",
      verify: "No connection is older than the end of this rotation.",
      binding: "advice",
    },
  },
});

const KUBERNETES = work("kubernetes", {
  update_clients: {
    "hand-out-kubeconfigs": {
      what: "Replace every kubeconfig by one that is fetched now: people, CI, Argo CD cluster secrets, other clusters.",
      why: "From update_servers on API servers show certificates of the new CA; one that is fetched now trusts both.",
      verify: "certificate-authority-data of each holds both CAs.",
      helps: [command("talosctl kubeconfig FILE --force --merge=false")],
    },
    "external-trust-both": {
      what: "Add the new CA next to the old one wherever the Kubernetes CA is trusted outside of the cluster: OIDC consumers, health checks of load balancers, webhooks whose caBundle is the CA of the cluster.",
      why: "What trusts the old CA only fails as soon as the first API server is swapped.",
      verify: "Each of them trusts both.",
    },
  },
  update_servers: {
    "refetch-kubeconfigs": {
      what: "Replace every kubeconfig once more: one that is fetched now has a user that the new CA signed. Issue user certificates of the CSR API anew, too.",
      why: "From standby on users that the old CA signed are refused.",
      verify: "The client certificate of each was signed by the new CA.",
      helps: [command("talosctl kubeconfig FILE --force --merge=false")],
    },
    "restart-workloads": {
      what: "Restart what uses the CA of the cluster from inside: kube-proxy, CNI agents, CoreDNS, controllers.",
      why: "They read it rarely or never again; kube-proxy stays broken without a word.",
      verify: "All of them are Ready, and log no certificate errors.",
      helps: [
        command("kubectl -n kube-system rollout restart daemonset/kube-proxy deployment/coredns"),
        command("kubectl get configmap kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}'"),
      ],
    },
    "update-secrets": {
      what: "Put the new CA into the secrets bundle, and into every machine configuration that is kept: git, talhelper, Terraform state.",
      why: "A machine that is made or configured from the old ones afterwards cannot join, or puts the old CA back.",
      verify: "A configuration generated for a new machine names the new CA.",
      helps: [command("capstan rotate finish kubernetes")],
    },
  },
  rollback: {
    "refetch-kubeconfigs": {
      what: "Replace every kubeconfig that was fetched since update_servers.",
      why: "Users that the new CA signed are refused from standby on.",
      verify: "The client certificate of each was signed by the old CA.",
      helps: [command("talosctl kubeconfig FILE --force --merge=false")],
      binding: "advice",
    },
  },
  standby: {
    "external-trust-new-only": {
      what: "Take the old CA out wherever the Kubernetes CA is trusted outside of the cluster, and fetch kubeconfigs that trust the new one only.",
      why: "A CA that nobody uses must not be able to vouch for anything.",
      verify: "None of them trusts the old one any more.",
      binding: "advice",
    },
    "destroy-old-key": {
      what: "Destroy copies of the old key.",
      why: "Whoever finds it should have nothing to try.",
      verify: "No backup holds the key any more; in the record it is sealed until the next rotation begins.",
      binding: "advice",
    },
  },
});

/** The work by hand of both CAs. Ids are public: people acknowledge them in git, so an id is never renamed. */
export const CHECKLIST: readonly ChecklistStep[] = [...TALOS, ...KUBERNETES];
