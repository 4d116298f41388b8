import {
  artifact,
  command,
  PEER_HAS_COPY,
  TRUSTS_BOTH,
  TRUSTS_NEW_ONLY,
  TRUSTS_OLD_ONLY,
  work,
} from "../../checklist/entry.ts";

/**
 * Components report this CA, and what is outside of them may not exist at all: these steps bind only where a trust
 * consumer says that it does; CA pins are the guard `pins`.
 */
export const HOST = work("host", {
  init: {
    "publish-both-pins": {
      what: "Add the new CA pin next to the old one wherever `ca_pin` is set: teleport.yaml, Helm values, join scripts.",
      why: "What dials the Auth Service directly and knows only the old pin cannot join once the servers show the new CA.",
      verify: "Every `ca_pin` lists both pins.",
      helps: [artifact("ca-pins.txt"), command("capstan validate")],
      binding: "advice",
    },
    "known-hosts-both": {
      what: "Add the new @cert-authority line next to the old one in the known_hosts of OpenSSH clients.",
      why: "From update_servers on hosts show certificates of the new CA, which these clients would refuse.",
      verify: "ssh with strict host key checking reaches a node, and the file holds both lines.",
      helps: [artifact("ssh/bundle.known_hosts")],
      provenBy: TRUSTS_BOTH,
      binding: "with-consumers",
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  update_clients: {
    "operators-login-again": {
      what: "Have everybody who is logged in with tsh log in again.",
      why: "A profile from before init does not know the new CA and refuses the servers from update_servers on.",
      verify: "tsh status of an operator shows a login after the start of update_clients.",
      helps: [command("tsh logout && tsh login")],
      binding: "advice",
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  update_servers: {
    "reissue-openssh-host-certificates": {
      what: "Issue a new host certificate for every agentless OpenSSH server, install it and reload sshd.",
      why: "No agent renews it: from standby on nobody accepts the certificate of the old CA.",
      verify: "The host key certificate is signed by the new CA.",
      helps: [
        command("tctl auth sign --format=openssh --host=HOST --out=HOST"),
        command("ssh-keyscan -c HOST | ssh-keygen -L -f -"),
      ],
      provenBy: { uses: "new" },
      binding: "with-consumers",
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  rollback: {
    "reissue-openssh-host-certificates": {
      what: "Issue host certificates of the old CA again for every agentless OpenSSH server that got one of the new CA.",
      why: "The new CA is discarded at standby: nobody accepts its certificates then.",
      verify: "The host key certificate is signed by the old CA.",
      helps: [
        command("tctl auth sign --format=openssh --host=HOST --out=HOST"),
        command("ssh-keyscan -c HOST | ssh-keygen -L -f -"),
      ],
      provenBy: { uses: "old" },
      binding: "with-consumers",
      ofUse: true,
    },
    "drop-new-pin": {
      what: "Take the new CA pin out again wherever it was added.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "No `ca_pin` lists the new pin.",
      helps: [artifact("ca-pins.txt"), command("capstan validate")],
      binding: "advice",
    },
    "known-hosts-remove-new": {
      what: "Remove the new @cert-authority line from the known_hosts of OpenSSH clients.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "The file holds the old line only.",
      helps: [artifact("ssh/old.known_hosts")],
      provenBy: TRUSTS_OLD_ONLY,
      binding: "with-consumers",
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  standby: {
    "drop-old-pin": {
      what: "Remove the old CA pin wherever `ca_pin` is set.",
      why: "The old key is retired: a pin that still accepts it undoes the rotation.",
      verify: "Every `ca_pin` lists the new pin only.",
      helps: [artifact("ca-pins.txt"), command("capstan validate")],
      binding: "advice",
    },
    "known-hosts-remove-old": {
      what: "Remove the old @cert-authority line from the known_hosts of OpenSSH clients.",
      why: "The old key is retired and must not be able to vouch for a host any more.",
      verify: "The file holds the new line only.",
      helps: [artifact("ssh/bundle.known_hosts")],
      provenBy: TRUSTS_NEW_ONLY,
      binding: "with-consumers",
    },
  },
});
