import type { StateRow } from "./state-row.ts";

const INIT = ["init"] as const;

/** A CA is overridden when any of its signing keys has an enabled entry. */
const OVERRIDDEN = ["enabled", "covered", "partial"] as const;

/**
 * The new key is there and does not sign yet: what its entry is like decides (reference teleport-overrides
 * 5.3, I).
 */
export const ROWS_AT_INIT: readonly StateRow[] = [
  {
    id: "I1",
    when: { phases: INIT, old: OVERRIDDEN, next: ["none"] },
    verdict: "blocked",
    advance: false,
    sentence: "The new key has no override: at update_clients Teleport would silently sign without one.",
    safe: [
      "fetch the CSR of the new key (capstan override csr), have it signed, add it",
      "or roll back",
      "or record the key as waived, once everybody trusts its self-signed certificate",
    ],
    forbidden: ["update_clients"],
  },
  {
    id: "I1",
    when: { phases: INIT, old: OVERRIDDEN, withdrawn: true },
    verdict: "blocked",
    advance: false,
    sentence:
      "The repository asks for no override of the new key: at update_clients Teleport would silently sign without one.",
    safe: [
      "put NEW's entry back into the repository",
      "or delete it from the cluster, which needs no force, and roll back",
    ],
    forbidden: ["update_clients"],
  },
  {
    id: "I6",
    when: { phases: INIT, old: OVERRIDDEN, next: ["partial", "unfinished"] },
    verdict: "blocked",
    advance: false,
    sentence: "Not every new key has an enabled override.",
    safe: ["fetch the missing CSRs, have them signed, add and enable them", "or roll back"],
    forbidden: ["update_clients"],
  },
  {
    id: "I6",
    when: { phases: INIT, old: OVERRIDDEN, allKeysThere: false },
    verdict: "blocked",
    advance: false,
    sentence: "Not every auth server has added its new key yet.",
    safe: ["wait for the keys, then fetch their CSRs", "or roll back"],
    forbidden: ["update_clients"],
  },
  {
    id: "I2",
    when: { phases: INIT, old: OVERRIDDEN, next: ["staged"] },
    verdict: "blocked",
    advance: false,
    sentence: "The override of the new key is staged, not enabled.",
    safe: [
      "have the new certificate trusted downstream (windows: published in NTAuth) and acknowledge it",
      "see that its revocation list is there, then enable",
    ],
    forbidden: ["update_clients"],
  },
  {
    id: "I2",
    when: { phases: INIT, old: OVERRIDDEN, next: ["enabled", "covered"], armed: false },
    verdict: "blocked",
    advance: false,
    sentence:
      "The override of the new key is enabled, but its revocation list, its trust downstream or its certificate is not in order.",
    safe: [
      "have the new certificate trusted downstream (windows: published in NTAuth) and acknowledge it",
      "wait for its revocation list",
      "renew it if the certificate is at fault",
    ],
    forbidden: ["update_clients"],
  },
  {
    id: "I3",
    when: { phases: INIT, old: OVERRIDDEN, next: ["enabled"], armed: true },
    verdict: "ready",
    advance: true,
    sentence: "Every new key has an override that is enabled, has its revocation list and is trusted.",
    safe: ["update_clients, by hand"],
    forbidden: ["touch OLD's entry"],
  },
  {
    id: "I4",
    when: { phases: INIT, old: OVERRIDDEN, next: ["waived", "covered"] },
    verdict: "only-by-waiver",
    advance: true,
    sentence: "A new key is recorded as deliberately not overridden.",
    safe: ["update_clients, with a waiver for this key"],
    forbidden: ["touch OLD's entry"],
  },
  {
    id: "I7",
    when: { phases: INIT, next: ["staged", "enabled", "covered", "partial", "unfinished"], withdrawn: true },
    verdict: "ok",
    advance: false,
    sentence: "The new key has an override that the repository no longer asks for.",
    safe: ["disable or delete NEW's entry; that needs no force", "or roll back"],
    forbidden: ["update_clients before the entry is gone"],
  },
  {
    id: "I5",
    when: { phases: INIT, next: ["enabled", "covered"], armed: true },
    verdict: "ready",
    advance: true,
    sentence: "The rotation brings the override: the new key's is enabled, the old key has none.",
    safe: ["update_clients, by hand: people must trust OLD's self-signed certificate and NEW's override"],
    forbidden: [],
  },
  {
    id: "I5",
    when: { phases: INIT, next: ["staged", "enabled", "covered", "partial", "unfinished"] },
    verdict: "blocked",
    advance: false,
    sentence: "The rotation brings the override, which is not ready yet.",
    safe: ["have it trusted downstream, wait for its revocation list, enable it", "or delete NEW's entry"],
    forbidden: ["update_clients before it is enabled"],
  },
  {
    id: "I0",
    when: { phases: INIT },
    verdict: "ok",
    advance: true,
    sentence: "Nothing is overridden.",
    safe: ["go on"],
    forbidden: [],
  },
];
