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

/** The split of the Windows CA: before it, desktops trusted the user CA (RFD 239). */
const WINDOWS: Release = { release: "18.7" };

/**
 * A domain controller wants the CA in NTAuth and among the roots, and a CRL of each key that signs; the Windows Desktop
 * Service publishes CRLs itself where it may write to LDAP (docs, desktop access with Active Directory).
 */
const PUBLISH_TO_DIRECTORY = [
  artifact("tls/new.der"),
  command("certutil -dspublish -f new.der RootCA"),
  command("certutil -dspublish -f new.der NTAuthCA"),
  command("certutil -pulse"),
];

/** Work by hand of the user CA (reference teleport-rotation 2.2). */
export const USER = work("user", {
  init: {
    "direct-trust-both": {
      what: "Where something trusts the user CA directly (TrustedUserCAKeys of an sshd, a TLS gateway), make it trust the new CA next to the old one.",
      why: "Teleport's own nodes follow alone; whatever else trusts the user CA refuses logins from update_clients on.",
      verify: "Both CAs are listed there; a login works.",
      helps: [artifact("ssh/bundle.pub"), artifact("tls/bundle.pem")],
      provenBy: TRUSTS_BOTH,
    },
    "windows-trust-both": {
      what: "Import the new CA into Active Directory (NTAuth) or the hosts' certificate stores, next to the old one.",
      why: "Before the Windows CA was split off, the smart-card certificates of desktop sessions come from the user CA.",
      verify: "certutil -viewstore -enterprise NTAuth lists both CAs, and there is a CRL of each.",
      helps: PUBLISH_TO_DIRECTORY,
      until: WINDOWS,
      provenBy: TRUSTS_BOTH,
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  update_clients: {
    "windows-desktop-session": {
      what: "Open a desktop session to a Windows host of every domain.",
      why: "The session shows a certificate of the new CA for the first time.",
      verify: "The session opens.",
      until: WINDOWS,
    },
    "reissue-identities": {
      what: "Issue again every identity file that no tbot renews: scripts, CI, the one capstan uses.",
      why: "A certificate of the old CA is refused from standby on, however long it is valid.",
      verify: "Every identity file was written after the start of update_clients.",
      helps: [command("tctl auth sign --user=USER --out=FILE")],
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  update_servers: {
    "users-login-again": {
      what: "Wait for longer than the longest session lifetime since update_clients (30 hours unless roles say less), or have all users log in again.",
      why: "Whoever still holds a certificate of the old CA is logged out at standby.",
      verify: "The start of update_clients is longer ago than the longest session lifetime.",
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  rollback: {
    "direct-trust-remove-new": {
      what: "Take the new CA out again where it was added beside the old one.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "Only the old CA is listed there; a login works.",
      helps: [artifact("ssh/old.pub"), artifact("tls/old.pem")],
      provenBy: TRUSTS_OLD_ONLY,
    },
    "windows-remove-new": {
      what: "Remove the new CA from Active Directory (NTAuth) or the hosts' certificate stores.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "certutil lists the old CA only; a desktop session opens.",
      helps: [artifact("tls/new.der")],
      until: WINDOWS,
      provenBy: TRUSTS_OLD_ONLY,
    },
    "login-again": {
      what: "Have everybody who logged in since update_clients log in again, and issue identity files written since then again.",
      why: "Their certificates come from the new CA, which is discarded at standby.",
      verify: "Logins and identity files are younger than the rollback.",
      ofUse: true,
      helps: [command("tsh logout && tsh login"), command("tctl auth sign --user=USER --out=FILE")],
    },
    "trusted-clusters": PEER_HAS_COPY,
  },
  standby: {
    "direct-trust-remove-old": {
      what: "Remove the old CA where something trusts the user CA directly.",
      why: "Whoever holds the old key could still log in there.",
      verify: "Only the new CA is listed there; a login works.",
      helps: [artifact("ssh/bundle.pub"), artifact("tls/bundle.pem")],
      provenBy: TRUSTS_NEW_ONLY,
    },
    "windows-remove-old": {
      what: "Remove the old CA from Active Directory (NTAuth) or the hosts' certificate stores.",
      why: "Whoever holds the old key could still log in to desktops.",
      verify: "certutil lists the new CA only; a desktop session opens.",
      until: WINDOWS,
      provenBy: TRUSTS_NEW_ONLY,
    },
  },
});

/** Work by hand of the windows CA (reference teleport-rotation 2.2). */
export const WINDOWS_WORK = work("windows", {
  init: {
    "desktop-services-aware": {
      what: "Upgrade every Windows Desktop Service to a release that knows the windows CA.",
      why: "An older one goes on with the user CA, and no listing shows it.",
      verify: "Every instance runs 18.7 or newer.",
      helps: [command("tctl get windows_desktop_service")],
      since: WINDOWS,
    },
    "trust-both": {
      what: "Import the new CA into Active Directory (NTAuth) or the hosts' certificate stores, next to the old one.",
      why: "From update_clients on desktop sessions show certificates of the new CA.",
      verify: "certutil -viewstore -enterprise NTAuth lists both CAs, and there is a CRL of each.",
      helps: PUBLISH_TO_DIRECTORY,
      since: WINDOWS,
    },
  },
  update_clients: {
    "desktop-session": {
      what: "Open a desktop session to a Windows host of every domain.",
      why: "The session shows a certificate of the new CA for the first time. A rollback restores access at once.",
      verify: "The session opens.",
      since: WINDOWS,
    },
  },
  rollback: {
    "remove-new": {
      what: "Remove the new CA from Active Directory (NTAuth) or the hosts' certificate stores.",
      why: "The new CA is discarded at standby and must not stay trusted.",
      verify: "certutil lists the old CA only; a desktop session opens.",
      helps: [artifact("tls/new.der")],
      since: WINDOWS,
    },
  },
  standby: {
    "remove-old": {
      what: "Remove the old CA from Active Directory (NTAuth) or the hosts' certificate stores.",
      why: "Whoever holds the old key could still log in to desktops.",
      verify: "certutil lists the new CA only; a desktop session opens.",
      since: WINDOWS,
    },
  },
});
