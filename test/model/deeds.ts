import fc from "fast-check";
import type { Phase } from "../../src/rotation/phase.ts";
import type { AgentKind } from "./agent.ts";
import type { Fault } from "./cluster.ts";

/** The CAs of an emulated cluster; a rotation is of one of them, or of the pair that may go together. */
export const TYPES = ["host", "user", "db", "db_client"] as const;
const ROTATIONS = ["host", "user", "db,db_client"] as const;
export type RotationOf = (typeof ROTATIONS)[number];

/** What is committed. `advance`: the next phase, by somebody who reads the plan and does the work by hand. */
export type Edit =
  | { readonly edit: "advance"; readonly of: RotationOf; readonly strategy: "step" | "walk" }
  | { readonly edit: "automatic"; readonly of: RotationOf }
  | { readonly edit: "phase"; readonly of: RotationOf; readonly to: Phase }
  | { readonly edit: "delete" | "hold" | "release" | "resume" | "waive" | "state"; readonly of: RotationOf };

/** What is committed about the certificates that stand for keys of a CA. */
export interface EntryEdit {
  readonly entries:
    | "cover all"
    | "stage the new"
    | "trust all"
    | "new keys have none"
    | "drop the old"
    | "drop what is gone"
    | "disable all"
    /** Whether anybody trusts them or not. */
    | "enable all";
}

/** What somebody in the cluster does, beside capstan. */
export type Happening =
  | { readonly hand: "rotates"; readonly type: (typeof TYPES)[number]; readonly to: Phase }
  | { readonly hand: "starts the clock"; readonly type: (typeof TYPES)[number] }
  | {
      readonly node: "stops" | "starts" | "hangs" | "vanishes" | "is scrapped" | "comes back as another";
      readonly index: number;
    }
  | { readonly joins: AgentKind }
  | { readonly leaf: "stops" | "starts" | "cannot be asked" | "can be asked" }
  | { readonly server: "stops" | "starts" }
  | { readonly entry: "is deleted" | "is disabled" | "is enabled"; readonly index: number }
  | { readonly fault: Fault };

/** At one of the calls of a run, counted from its start. */
export interface Trouble {
  readonly at: number;
  readonly comes: "kill before" | "kill after" | "signal" | "another machine" | Happening;
}

export type Deed =
  | Edit
  | EntryEdit
  | Happening
  | { readonly people: "revert" | "lose the record" }
  | { readonly passes: number }
  | { readonly clockJumps: number }
  | {
      readonly apply: "everything" | "ordinary" | "nothing";
      /** Of a commit that is so much older than the newest one. */
      readonly back: number;
      readonly troubles: readonly Trouble[];
    };

const MINUTE = 60_000;
const PHASES = ["init", "update_clients", "update_servers", "standby", "rollback"] as const;

const of = fc.constantFrom(...ROTATIONS, "host" as const, "host" as const, "host" as const, "host" as const);
const type = fc.constantFrom(...TYPES, "host" as const, "host" as const);
const phase = fc.constantFrom<Phase>(...PHASES);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ hand: fc.constant("rotates"), type, to: phase }) },
  { weight: 1, arbitrary: fc.record({ hand: fc.constant("starts the clock"), type }) },
  {
    weight: 10,
    arbitrary: fc.record({
      node: fc.constantFrom(
        "stops",
        "stops",
        "starts",
        "starts",
        "hangs",
        "vanishes",
        "is scrapped",
        "comes back as another",
      ),
      index: fc.nat(5),
    }),
  },
  { weight: 2, arbitrary: fc.record({ joins: fc.constantFrom<AgentKind>("node", "node", "proxy") }) },
  {
    weight: 2,
    arbitrary: fc.record({ fault: fc.constantFrom<Fault>("error-after-success", "denied", "lost-look") }),
  },
);

const trouble: fc.Arbitrary<Trouble> = fc.record({
  at: fc.oneof(fc.nat(12), fc.nat(40), fc.nat(150)),
  comes: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<Trouble["comes"]>("kill before", "kill after") },
    { weight: 1, arbitrary: fc.constantFrom<Trouble["comes"]>("signal", "another machine") },
    { weight: 2, arbitrary: happening },
  ),
});

const advance: fc.Arbitrary<Edit> = fc.record({
  edit: fc.constant("advance"),
  of,
  strategy: fc.constantFrom("step", "step", "walk"),
});

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ edit: fc.constant("automatic"), of }) },
  { weight: 3, arbitrary: fc.record({ edit: fc.constant("phase"), of, to: phase }) },
  {
    weight: 5,
    arbitrary: fc.record({
      edit: fc.constantFrom("delete", "hold", "release", "resume", "waive", "waive", "state"),
      of,
    }),
  },
);

const apply = fc.record({
  apply: fc.constantFrom("everything", "everything", "everything", "ordinary", "nothing"),
  back: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
  troubles: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(trouble, { minLength: 1, maxLength: 3 }) },
  ),
}) satisfies fc.Arbitrary<Deed>;

const passes = fc.record({
  passes: fc.constantFrom(
    1_000,
    5_000,
    30_000,
    3 * MINUTE,
    12 * MINUTE,
    12 * MINUTE,
    11 * 60 * MINUTE,
    40 * 60 * MINUTE,
  ),
});

const other: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 3, arbitrary: passes },
  { weight: 1, arbitrary: fc.record({ people: fc.constantFrom("revert", "revert", "lose the record") }) },
  {
    weight: 1,
    arbitrary: fc.record({ clockJumps: fc.constantFrom(-20 * MINUTE, -5_000, 5_000, 15 * MINUTE) }),
  },
);

/** Deeds that mostly come together. */
const chapter: fc.Arbitrary<readonly Deed[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(passes, advance, apply) },
  { weight: 2, arbitrary: fc.tuple(advance, apply) },
  { weight: 2, arbitrary: fc.tuple(edit, apply) },
  { weight: 2, arbitrary: fc.tuple(happening, apply) },
  { weight: 3, arbitrary: fc.tuple(happening) },
  { weight: 1, arbitrary: fc.tuple(edit) },
  { weight: 2, arbitrary: fc.tuple(apply) },
  { weight: 2, arbitrary: fc.tuple(other) },
);

/** Some days in the life of a cluster and of those who look after it. */
export const deeds = fc
  .array(chapter, { minLength: 4, maxLength: 14, size: "max" })
  .map((chapters) => chapters.flat());

/** What happens where there is a leaf, HSMs, or certificates of somebody else in the place of a CA's own. */
const strange: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      leaf: fc.constantFrom("stops", "starts", "starts", "cannot be asked", "can be asked", "can be asked"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ server: fc.constantFrom("stops", "starts", "starts") }) },
  {
    weight: 1,
    arbitrary: fc.record({
      entry: fc.constantFrom("is deleted", "is disabled", "is enabled", "is enabled"),
      index: fc.nat(3),
    }),
  },
);

const entryEdit: fc.Arbitrary<EntryEdit> = fc.record({
  entries: fc.constantFrom(
    "cover all",
    "cover all",
    "cover all",
    "stage the new",
    "trust all",
    "new keys have none",
    "drop the old",
    "drop what is gone",
    "disable all",
    "enable all",
  ),
});
const covered = fc.constant<EntryEdit>({ entries: "cover all" });
const cleaned = fc.constant<EntryEdit>({ entries: "drop what is gone" });
const pair: fc.Arbitrary<Edit> = fc.record({
  edit: fc.constant("advance"),
  of: fc.constant("db,db_client"),
  strategy: fc.constantFrom("step", "step", "walk"),
});

const strangeChapter: fc.Arbitrary<readonly Deed[]> = fc.oneof(
  { weight: 6, arbitrary: chapter },
  { weight: 3, arbitrary: fc.tuple(passes, pair, apply) },
  { weight: 3, arbitrary: fc.tuple(passes, pair, covered, apply) },
  { weight: 2, arbitrary: fc.tuple(cleaned, apply) },
  { weight: 2, arbitrary: fc.tuple(entryEdit, apply) },
  { weight: 2, arbitrary: fc.tuple(strange) },
  { weight: 1, arbitrary: fc.tuple(strange, apply) },
);

/** The same, where there is more than components and CAs. */
export const strangeDeeds = fc
  .array(strangeChapter, { minLength: 6, maxLength: 16, size: "max" })
  .map((chapters) => chapters.flat());

const usual = {
  soakMs: fc.constantFrom(0, 0, MINUTE, 30 * MINUTE),
  onFailure: fc.constantFrom("rollback" as const, "rollback" as const, "halt" as const),
  concurrentRotations: fc.constantFrom(1, 1, 2),
  /** How long a read may be behind. */
  staleMs: fc.constantFrom(0, 2_000, 8_000),
  version: fc.constantFrom("18.7.0", "18.7.0", "18.7.0", "5.0.0"),
};

/** What is settled before it begins. */
export const circumstances = fc.record(usual);

/** The same, with what not every cluster has. */
export const strangeCircumstances = fc.record({
  ...usual,
  isHeldInHsm: fc.boolean(),
  hasLeaf: fc.boolean(),
  overrides: fc.constantFrom("none", "possible", "in force", "in force"),
});

type Usual = typeof circumstances extends fc.Arbitrary<infer Value> ? Value : never;
type Strange = typeof strangeCircumstances extends fc.Arbitrary<infer Value> ? Value : never;
export type Circumstances = Usual & Partial<Strange>;
