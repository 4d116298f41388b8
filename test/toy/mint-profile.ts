import { failWith } from "../../src/guards/judgement.ts";
import { NO_CLOCK } from "../../src/profile/clock.ts";
import { usualKeysAfter } from "../../src/profile/key-rules.ts";
import type { Guard, PlatformProfile } from "../../src/profile/profile.ts";

/** A CA that exists nowhere else: it mints coins, and purses have to know who may. */
export const MINT: PlatformProfile = {
  name: "mint",
  title: "Mint",
  types: [{ name: "coin", signs: "coins", reportedByComponents: true, signsFromInit: false }],
  unknownType: (name) => ({ name, signs: "who knows", reportedByComponents: false, signsFromInit: true }),
  componentKinds: [{ kind: "purse", listing: "purses", follows: ["coin"] }],
  presence: null,
  otherListings: [],
  keyRules: { after: usualKeysAfter, endOfRollback: () => "new-key-goes", growsInInit: () => false },
  limit: { atMost: { rotations: 1, reason: "there is one die" }, together: [] },
  clock: NO_CLOCK,
  guards: [dieIsWhole()],
  words: {
    ofEdge: ({ to }) => ({ why: `The mint goes to ${to}.`, disrupts: "nothing", undo: "melt it" }),
    components: "purses",
    keptNewKey: "ask the minter",
    foreign: () => "end it by hand",
    tooLate: () => "start anew",
    unreadListing: "open the purses",
    notFollowing: "shake it",
    oldKeyRefused: "a mint refuses what it does not know",
    noBackup: null,
  },
  checklist: [],
  checkKinds: [],
  overrides: null,
  preflight: { type: "coin", checks: () => [] },
  resources: {
    connection: {
      read: () => null,
      fields: () => ({}),
      ways: [],
      recipients: [],
      startedElsewhere: (connection) => connection,
    },
    checkConnection: () => {},
    checkCluster: () => {},
    sealsItself: null,
    overridableTypes: [],
    otherKinds: [],
    whyNotAutomatic: () => "nothing moves a die by itself",
    notes: { connection: [], activeKeys: "Who may mint.", next: null },
  },
  notes: () => [],
  drift: () => [],
  subjects: () => [],
  keysInRecord: () => [],
};

/** Facts that nobody else knows. */
export interface MintFacts {
  readonly dieIsCracked: boolean;
}

function dieIsWhole(): Guard {
  return {
    id: "die",
    about: "cluster",
    refuses: "striking with a cracked die",
    waivable: false,
    subjects: ["authority"],
    appliesTo: ({ edge }) => edge.from !== edge.to && edge.to !== "rollback",
    judge: ({ observation }) =>
      failWith(
        (observation.facts as MintFacts).dieIsCracked
          ? [{ subject: "die/1", message: "is cracked", remedy: "cast another" }]
          : [],
      ),
  };
}
