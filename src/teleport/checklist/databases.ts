import {
  artifact,
  command,
  type Entry,
  PEER_HAS_COPY,
  TRUSTS_BOTH,
  TRUSTS_NEW_ONLY,
  TRUSTS_OLD_ONLY,
  work,
} from "../../checklist/entry.ts";
import type { Release } from "../../checklist/step.ts";

/** The split of the database CAs: before it, `db` vouched for both ends (docs, database CA migrations). */
const DB_CLIENT: Release = { release: "15.0", backports: ["14.3.7", "13.4.17"] };

/**
 * `auth sign` has a format for each kind of database: names of files, subject and container differ, and a database does
 * not start with those of another (Teleport's client library, `identityfile.Format`).
 */
const SIGN = "tctl auth sign --host=HOST --out=server --ttl=2190h";
const SIGN_FOR_EACH = [
  command(`${SIGN} --format=db  # PostgreSQL, MySQL, MariaDB, ClickHouse`),
  command(`${SIGN} --format=FORMAT  # mongodb, cockroachdb, redis, elasticsearch, cassandra, scylla, oracle`),
];

/**
 * What does not learn of the CA from a file: Snowflake knows a user's RSA key, two at a time, and no certificate
 * (Snowflake, key-pair rotation); SQL Server with Kerberos has domain controllers check the client certificate by PKINIT,
 * with its CRL, which Teleport does not publish for databases (teleport discussion 67449). `crl`: the type that `tctl auth
 * crl` knows.
 */
function elsewhere(crl: "db" | "db_client", only: Pick<Entry, "since" | "until">) {
  const advice = { ...only, binding: "advice" } as const;
  const toDirectory = [
    command("certutil -dspublish -f new.pem RootCA"),
    command("certutil -dspublish -f new.pem NTAuthCA"),
    command(`tctl auth crl --type=${crl} --out=crl`),
    command("certutil -dspublish -f FILE.crl TeleportDB"),
    command("certutil -pulse"),
  ];
  return {
    init: {
      "snowflake-both-keys": {
        what: "Give every Snowflake user of Teleport the public key of the new CA as its second one (RSA_PUBLIC_KEY_2).",
        why: "Snowflake trusts no certificate but the key itself: from update_clients on tokens are signed with the new one.",
        verify: "DESC USER shows fingerprints of two public keys, one of them that of the new CA.",
        helps: [
          command("tctl auth sign --format=snowflake --out=server"),
          command("ALTER USER NAME SET RSA_PUBLIC_KEY_2='...'"),
        ],
        ...advice,
      },
      "active-directory-both": {
        what: "Where SQL Server takes logins by Active Directory: publish the new CA (RootCA, NTAuthCA) next to the old one, and the CRL of every key of the CA.",
        why: "A domain controller refuses a certificate whose CA is not in NTAuth, or whose CRL it does not find.",
        verify: "certutil -viewstore -enterprise NTAuth lists both CAs, and there is a CRL of each.",
        helps: [artifact("tls/new.pem"), ...toDirectory],
        ...advice,
      },
    },
    rollback: {
      "snowflake-remove-new": {
        what: "Unset the second public key of every Snowflake user of Teleport.",
        why: "The new CA is discarded at standby and must not stay trusted.",
        verify: "DESC USER shows the fingerprint of the old key only.",
        helps: [command("ALTER USER NAME UNSET RSA_PUBLIC_KEY_2")],
        ...advice,
      },
      "active-directory-remove-new": {
        what: "Remove the new CA from Active Directory (RootCA, NTAuth) again.",
        why: "The new CA is discarded at standby and must not stay trusted.",
        verify:
          "certutil -viewstore -enterprise NTAuth lists the old CA only, and a login to SQL Server works.",
        ...advice,
      },
    },
    standby: {
      "snowflake-remove-old": {
        what: "Make the new public key the first one of every Snowflake user of Teleport, and unset the second.",
        why: "Whoever holds the old key could still log in to Snowflake.",
        verify: "DESC USER shows the fingerprint of the new key only.",
        helps: [
          command("ALTER USER NAME SET RSA_PUBLIC_KEY='...'"),
          command("ALTER USER NAME UNSET RSA_PUBLIC_KEY_2"),
        ],
        ...advice,
      },
      "active-directory-remove-old": {
        what: "Remove the old CA and its CRL from Active Directory (RootCA, NTAuth).",
        why: "Whoever holds the old key could still log in to SQL Server.",
        verify:
          "certutil -viewstore -enterprise NTAuth lists the new CA only, and a login to SQL Server works.",
        ...advice,
      },
    },
  } as const;
}

const BEFORE_THE_SPLIT = elsewhere("db", { until: DB_CLIENT });
const SINCE_THE_SPLIT = elsewhere("db_client", { since: DB_CLIENT });

/** Work by hand of the db CA (reference teleport-rotation 2.2). */
export const DB = work("db", {
  init: {
    "reissue-server-certificates": {
      what: "Issue a new server certificate for every self-hosted database, install it and reload the database.",
      why: "`auth sign` uses the new CA already; the Database Service trusts both until standby, then the new one only.",
      verify: "The database shows a certificate of the new CA, and a connection through Teleport works.",
      helps: [...SIGN_FOR_EACH, artifact("tls/bundle.pem")],
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
    ...BEFORE_THE_SPLIT.init,
  },
  update_clients: {
    "test-connection": {
      what: "Connect through Teleport to every self-hosted database.",
      why: "A rollback mends what fails now; after standby nothing does.",
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
      helps: SIGN_FOR_EACH,
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
    ...BEFORE_THE_SPLIT.rollback,
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
    ...BEFORE_THE_SPLIT.standby,
  },
});

/** Work by hand of the db_client CA (reference teleport-rotation 2.2). */
export const DB_CLIENT_WORK = work("db_client", {
  init: {
    "trust-both": {
      what: "Make every self-hosted database trust client certificates of the new CA next to the old one, and reload it.",
      why: "From update_clients on the Database Service shows certificates of the new CA: a database that was forgotten is down at that moment.",
      verify: "The CA file of the database holds both certificates.",
      helps: [artifact("tls/bundle.pem"), ...SIGN_FOR_EACH],
      since: DB_CLIENT,
      provenBy: TRUSTS_BOTH,
    },
    ...SINCE_THE_SPLIT.init,
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
    ...SINCE_THE_SPLIT.rollback,
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
    ...SINCE_THE_SPLIT.standby,
  },
});
