import {
  artifact,
  command,
  PEER_HAS_COPY,
  TRUSTS_BOTH,
  TRUSTS_NEW_ONLY,
  TRUSTS_OLD_ONLY,
  work,
} from "../../checklist/entry.ts";

/** Work by hand of the openssh CA (reference teleport-rotation 2.2). */
export const OPENSSH = work("openssh", {
  init: {
    "trust-both": {
      what: "Add the new CA next to the old one to TrustedUserCAKeys of every agentless OpenSSH server, and reload sshd.",
      why: "From update_clients on the Proxy shows certificates of the new CA: a server that was forgotten refuses everybody.",
      verify: "The file holds both lines.",
      helps: [artifact("ssh/bundle.pub")],
      provenBy: TRUSTS_BOTH,
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  update_clients: {
    "test-login": {
      what: "Open a session to every agentless OpenSSH server.",
      why: "The Proxy shows certificates of the new CA now. A rollback restores access at once.",
      verify: "The session opens.",
      helps: [command("tsh ssh LOGIN@HOST")],
      provenBy: { trusts: { new: "yes" } },
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  update_servers: { "trusted-clusters": PEER_HAS_COPY },
  rollback: {
    "remove-new": {
      what: "Remove the new CA from TrustedUserCAKeys of every agentless OpenSSH server, and reload sshd.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "The file holds the old line only, and a session opens.",
      helps: [artifact("ssh/old.pub")],
      provenBy: TRUSTS_OLD_ONLY,
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  standby: {
    "remove-old": {
      what: "Remove the old CA from TrustedUserCAKeys of every agentless OpenSSH server, and reload sshd.",
      why: "Whoever holds the old key could still log in there.",
      verify: "The file holds the new line only, and a session opens.",
      helps: [artifact("ssh/bundle.pub")],
      provenBy: TRUSTS_NEW_ONLY,
    },
  },
});
