import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard, GuardInput } from "../../profile/profile.ts";
import { listedOfKind } from "../../rotation/component-table.ts";
import { isHeldInHsm } from "../key-rules.ts";

/**
 * With keys in an HSM of its own, every auth server adds its own new key on its next tick while the phase is init.
 * One that has none cannot sign from update_clients on, and the server has no guard for that (reference 1.9). One that
 * is off is soon listed no more, but the key that it signs with is.
 */
export const hsmKeys: Guard = {
  id: "hsm-keys",
  about: "keys",
  refuses: "leaving init before every auth server has added its own new key to a CA that is kept in HSMs",
  waivable: true,
  subjects: ["authority"],
  appliesTo: ({ edge, authority }) =>
    edge.from === "init" && edge.to === "update_clients" && isHeldInHsm(authority),
  judge: (input) => {
    const { authority, observation } = input;
    const subject = `authority/${authority.type}`;
    const servers = new Set(listedOfKind(observation.components, "auth_server").map(({ id }) => id)).size;
    if (servers === 0) {
      return unknown({
        subject,
        message: "is kept in HSMs, and how many auth servers there are cannot be read",
        remedy: "give capstan's role `list` and `read` on auth_server, with wildcard labels",
      });
    }
    const added = newKeys(input);
    const signing = signingKeys(input);
    if (added >= Math.max(servers, signing)) return failWith([]);
    const has = `${added} new ${added === 1 ? "key" : "keys"}`;
    if (added >= servers) {
      return failWith([
        {
          subject,
          message: `is kept in HSMs, where ${signing} keys of it sign, and has ${has}: an auth server that is not listed brought none, and cannot sign from update_clients on`,
          remedy: "let it come back, and apply again. If it is gone for good, that can be accepted",
        },
      ]);
    }
    return failWith([
      {
        subject,
        message: `is kept in HSMs and has ${has} for ${servers} auth servers; one without its own cannot sign from update_clients on`,
        remedy:
          "wait for a minute and apply again; if it stays so, look at the log of the auth server that has none",
      },
    ]);
  },
};

/** Keys in HSMs that sign now, of the protocol that has the most: each is of an auth server of its own. */
function signingKeys({ authority: { active } }: GuardInput): number {
  const held = active.filter((key) => isHeldInHsm({ active: [key], trusted: [] }));
  return Math.max(
    ...(["tls", "ssh", "jwt"] as const).map(
      (protocol) => held.filter((key) => key.protocol === protocol).length,
    ),
  );
}

/** New keys of the protocol that has the fewest: a CA of SSH and TLS keys needs both of each server. */
function newKeys({ authority }: GuardInput): number {
  const { active, trusted } = authority;
  const counts = (["tls", "ssh", "jwt"] as const)
    .filter((protocol) => [...active, ...trusted].some((key) => key.protocol === protocol))
    .map((protocol) => trusted.filter((key) => key.protocol === protocol).length);
  return counts.length === 0 ? 0 : Math.min(...counts);
}
