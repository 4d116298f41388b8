import { artifact, TRUSTS_BOTH, TRUSTS_NEW_ONLY, TRUSTS_OLD_ONLY, work } from "../../checklist/entry.ts";

/** Work by hand of the jwt CA (reference teleport-rotation 2.2). */
export const JWT = work("jwt", {
  init: {
    "refresh-jwks": {
      what: "Have every application that cached or copied /.well-known/jwks.json read it again.",
      why: "From update_clients on tokens are signed with the new key; some verifiers do not fetch a key that they do not know.",
      verify: "What the application holds lists both keys.",
      helps: [artifact("jwt/bundle.pem")],
      provenBy: TRUSTS_BOTH,
    },
  },
  update_clients: {
    "application-login": {
      what: "Log in to every application that verifies tokens.",
      why: "Its tokens are signed with the new key now. A rollback restores access at once.",
      verify: "The login works; the key set lists both keys.",
    },
  },
  rollback: {
    "remove-new": {
      what: "Have every application that cached or copied the key set read it again after the rollback.",
      why: "The new key is discarded at standby and must not stay trusted.",
      verify: "What the application holds lists the old key only.",
      helps: [artifact("jwt/old.pem")],
      provenBy: TRUSTS_OLD_ONLY,
    },
  },
  standby: {
    "remove-old": {
      what: "Have every application that cached or copied the key set read it again.",
      why: "Whoever holds the old key could still sign tokens for it.",
      verify: "What the application holds lists the new key only.",
      helps: [artifact("jwt/bundle.pem")],
      provenBy: TRUSTS_NEW_ONLY,
    },
  },
});

/** Work by hand of the saml_idp CA (reference teleport-rotation 2.2). */
export const SAML_IDP = work("saml_idp", {
  init: {
    "publish-new-metadata": {
      what: "Give every service provider the new metadata, with both certificates where it accepts two.",
      why: "From update_clients on assertions are signed with the new key, and a provider that was forgotten refuses every login.",
      verify: "The service provider lists the new certificate.",
      helps: [artifact("tls/new.pem"), artifact("tls/bundle.pem")],
    },
  },
  update_clients: {
    "sso-round-trip": {
      what: "Log in to every service provider through Teleport.",
      why: "Assertions are signed with the new key now. A rollback restores access at once.",
      verify: "The login works.",
    },
  },
  rollback: {
    "revert-metadata": {
      what: "Give every service provider the old metadata again.",
      why: "Assertions are signed with the old key again, and the new one is discarded at standby.",
      verify: "The service provider lists the old certificate only, and a login works.",
      helps: [artifact("tls/old.pem")],
    },
  },
});

/** Work by hand of the oidc_idp CA (reference teleport-rotation 2.2). */
export const OIDC_IDP = work("oidc_idp", {
  update_clients: {
    "integration-call": {
      what: "Make a call through every OIDC integration (AWS and the like).",
      why: "Tokens are signed with the new key now. Teleport publishes it alone; caches and thumbprints in the cloud are worth a look.",
      verify: "The call works; /.well-known/jwks-oidc lists both keys.",
    },
  },
});

/** Work by hand of the okta CA, of which nothing is documented. */
export const OKTA = work("okta", {
  update_clients: {
    "integration-healthy": {
      what: "Look at the Okta integration.",
      why: "Nothing is documented for this type; its tokens are signed with the new key now.",
      verify: "The integration is shown as healthy, and a sync works.",
    },
  },
});
