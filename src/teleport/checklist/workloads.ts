import {
  artifact,
  command,
  TRUSTS_BOTH,
  TRUSTS_NEW_ONLY,
  TRUSTS_OLD_ONLY,
  work,
} from "../../checklist/entry.ts";

/** Work by hand of the spiffe CA (reference teleport-rotation 2.2, 9.5). */
export const SPIFFE = work("spiffe", {
  init: {
    "validators-trust-both": {
      what: "Give every validator outside Teleport the bundle with both CAs, and have federation peers refresh.",
      why: "From update_clients on workload identities come from the new CA.",
      verify: "/webapi/spiffe/bundle.json holds both, and so does what each validator uses.",
      helps: [artifact("tls/bundle.pem"), artifact("jwt/bundle.pem")],
      provenBy: TRUSTS_BOTH,
    },
    "issuer-overrides": {
      what: "Where workload identity issuer overrides exist: add one for the new key.",
      why: "Without an issuer for the signing key no X.509 identity is issued: update_clients is an outage then.",
      verify:
        "workload_identity_x509_issuer_override lists an issuer with the new key, or there is none at all.",
      helps: [command("tctl get workload_identity_x509_issuer_override"), artifact("tls/new.pem")],
    },
  },
  update_clients: {
    "workload-call": {
      what: "Make a call between two workloads, one of them validated outside Teleport.",
      why: "Workload identities come from the new CA now. A rollback restores access at once.",
      verify: "The call works.",
    },
  },
  rollback: {
    "validators-remove-new": {
      what: "Give every validator outside Teleport the bundle with the old CA only.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "What each validator uses holds the old CA only.",
      helps: [artifact("tls/old.pem"), artifact("jwt/old.pem")],
      provenBy: TRUSTS_OLD_ONLY,
    },
  },
  standby: {
    "validators-remove-old": {
      what: "Give every validator outside Teleport the bundle with the new CA only.",
      why: "Whoever holds the old key could still issue identities that it accepts.",
      verify: "What each validator uses holds the new CA only.",
      helps: [artifact("tls/bundle.pem"), artifact("jwt/bundle.pem")],
      provenBy: TRUSTS_NEW_ONLY,
    },
  },
});

/** Work by hand of the awsra CA (reference teleport-rotation 2.2). */
export const AWSRA = work("awsra", {
  init: {
    "trust-anchor-both": {
      what: "Add the new CA to the trust anchor in AWS IAM Roles Anywhere, next to the old one.",
      why: "From update_clients on certificates come from the new CA, and AWS refuses what its anchor does not hold.",
      verify: "The trust anchor holds both certificates.",
      helps: [
        artifact("tls/bundle.pem"),
        command("aws rolesanywhere update-trust-anchor --trust-anchor-id ID --source ..."),
      ],
    },
  },
  update_clients: {
    "aws-session": {
      what: "Open a new AWS session through every integration profile.",
      why: "Certificates come from the new CA now. A rollback restores access at once.",
      verify: "The session opens.",
    },
  },
  rollback: {
    "trust-anchor-remove-new": {
      what: "Remove the new CA from the trust anchor.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "The trust anchor holds the old certificate only.",
      helps: [artifact("tls/old.pem")],
    },
  },
  standby: {
    "trust-anchor-remove-old": {
      what: "Remove the old CA from the trust anchor.",
      why: "Whoever holds the old key could still open AWS sessions.",
      verify: "The trust anchor holds the new certificate only.",
      helps: [artifact("tls/bundle.pem")],
    },
  },
});

/** Work by hand of the bound_keypair CA (reference teleport-rotation 2.2). */
export const BOUND_KEYPAIR = work("bound_keypair", {
  update_servers: {
    "bots-seen": {
      what: "Run every bot that joins with bound_keypair once, also those that are usually off.",
      why: "Its join state is signed with the old key until it runs: after standby it cannot join again.",
      verify: "Every bot was seen after the start of update_clients.",
      helps: [command("tctl bots instances list")],
    },
  },
  rollback: {
    "bots-seen": {
      what: "Run every bot that joined with bound_keypair since update_clients once more.",
      why: "Its join state is signed with the new key, which is discarded at standby.",
      verify: "Every such bot was seen after the start of the rollback.",
      ofUse: true,
      helps: [command("tctl bots instances list")],
    },
  },
});

/** No `since`: which minor of v18 brought the type is not known, and a cluster that has it needs the work. */
export const APP_CLIENT = work("app_client", {
  init: {
    "trust-both": {
      what: "Make every application that asks for client certificates trust the new CA next to the old one.",
      why: "From update_clients on the Application Service shows certificates of the new CA.",
      verify: "The application's CA file holds both certificates.",
      helps: [artifact("tls/bundle.pem")],
      provenBy: TRUSTS_BOTH,
    },
  },
  update_clients: {
    "test-connection": {
      what: "Open every application that asks for client certificates.",
      why: "The Application Service shows certificates of the new CA now. A rollback restores access at once.",
      verify: "The application answers.",
      provenBy: { trusts: { new: "yes" } },
    },
  },
  rollback: {
    "remove-new": {
      what: "Remove the new CA from what every such application trusts.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "The application's CA file holds the old certificate only.",
      helps: [artifact("tls/old.pem")],
      provenBy: TRUSTS_OLD_ONLY,
    },
  },
  standby: {
    "remove-old": {
      what: "Remove the old CA from what every such application trusts.",
      why: "Whoever holds the old key could still show a certificate that it accepts.",
      verify: "The application's CA file holds the new certificate only.",
      helps: [artifact("tls/bundle.pem")],
      provenBy: TRUSTS_NEW_ONLY,
    },
  },
});
