import {
  artifact,
  command,
  PEER_HAS_COPY,
  TRUSTS_BOTH,
  TRUSTS_NEW_ONLY,
  TRUSTS_OLD_ONLY,
  work,
} from "../../checklist/entry.ts";
import type { Release } from "../../checklist/step.ts";

/** The split of the database CAs: before it, `db` vouched for both ends (docs, database CA migrations). */
const DB_CLIENT: Release = { release: "15.0", backports: ["14.3.7", "13.4.17"] };
export const DB = work("db", {
  init: {
    "reissue-server-certificates": {
      what: "Issue a new server certificate for every self-hosted database, install it and reload the database.",
      why: "`auth sign` uses the new CA already; the Database Service trusts both until standby, then the new one only.",
      verify: "The database shows a certificate of the new CA, and a connection through Teleport works.",
      helps: [
        command("tctl auth sign --format=db --host=HOST --out=server --ttl=2190h"),
        artifact("tls/bundle.pem"),
      ],
      provenBy: { uses: "new" },
    },
    "trust-both-clients": {
      what: "Make every self-hosted database trust client certificates of the new CA next to the old one.",
      why: "Before the db_client CA was split off, the Database Service shows client certificates of this CA.",
      verify: "The CA file of the database holds both certificates.",
      helps: [artifact("tls/bundle.pem")],
      until: DB_CLIENT,
      provenBy: TRUSTS_BOTH,
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  update_clients: {
    "test-connection": {
      what: "Connect through Teleport to every self-hosted database.",
      why: "What fails now still works again after a rollback; after standby it does not.",
      verify: "The connection opens, and the database shows a certificate of the new CA.",
      helps: [command("tsh db connect NAME")],
      provenBy: { uses: "new" },
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  update_servers: { "trusted-clusters": PEER_HAS_COPY },
  rollback: {
    "revert-server-certificates": {
      what: "Give every self-hosted database a server certificate of the old CA again.",
      why: "The new CA is discarded at standby; the Database Service then refuses what it signed.",
      verify: "The database shows a certificate of the old CA, and a connection through Teleport works.",
      helps: [command("tctl auth sign --format=db --host=HOST --out=server --ttl=2190h")],
      provenBy: { uses: "old" },
    },
    "remove-new-clients": {
      what: "Remove the new CA from what every self-hosted database trusts.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "The CA file of the database holds the old certificate only.",
      helps: [artifact("tls/old.pem")],
      until: DB_CLIENT,
      provenBy: TRUSTS_OLD_ONLY,
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  standby: {
    "remove-old-clients": {
      what: "Remove the old CA from what every self-hosted database trusts.",
      why: "Whoever holds the old key could still log in to the database.",
      verify: "The CA file of the database holds the new certificate only.",
      helps: [artifact("tls/bundle.pem")],
      until: DB_CLIENT,
      provenBy: TRUSTS_NEW_ONLY,
    },
  },
});

export const DB_CLIENT_WORK = work("db_client", {
  init: {
    "trust-both": {
      what: "Make every self-hosted database trust client certificates of the new CA next to the old one, and reload it.",
      why: "From update_clients on the Database Service shows certificates of the new CA: a database that was forgotten is down at that moment.",
      verify: "The CA file of the database holds both certificates.",
      helps: [
        artifact("tls/bundle.pem"),
        command("tctl auth sign --format=db --host=HOST --out=server --ttl=2190h"),
      ],
      since: DB_CLIENT,
      provenBy: TRUSTS_BOTH,
    },
  },
  update_clients: {
    "test-connection": {
      what: "Connect through Teleport to every self-hosted database, right away.",
      why: "The Database Service shows certificates of the new CA now. A rollback restores access at once.",
      verify: "The connection opens.",
      helps: [command("tsh db connect NAME")],
      since: DB_CLIENT,
      provenBy: { trusts: { new: "yes" } },
    },
  },
  rollback: {
    "remove-new": {
      what: "Remove the new CA from what every self-hosted database trusts, and reload it.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "The CA file of the database holds the old certificate only, and a connection works.",
      helps: [artifact("tls/old.pem")],
      since: DB_CLIENT,
      provenBy: TRUSTS_OLD_ONLY,
    },
  },
  standby: {
    "remove-old": {
      what: "Remove the old CA from what every self-hosted database trusts, and reload it.",
      why: "Whoever holds the old key could still log in to the database.",
      verify: "The CA file of the database holds the new certificate only, and a connection works.",
      helps: [artifact("tls/bundle.pem")],
      since: DB_CLIENT,
      provenBy: TRUSTS_NEW_ONLY,
    },
  },
});
