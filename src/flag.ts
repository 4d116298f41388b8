/**
 * The flags of a command line as data: what commander, completion and man pages are made from. They are declared where
 * they belong to: those of one platform beside its adapter, those of the sandbox in its folder.
 */
export interface Flag {
  /** What `--help` says of it. */
  readonly says: string;
  /** One letter. */
  readonly short?: string;
  /** What `--help` calls its value; without one it is a switch. */
  readonly value?: string;
  /** How the value is read: a whole number above 0, or a duration, which becomes milliseconds; without this, as text. */
  readonly of?: "count" | "duration";
  readonly choices?: readonly string[];
  /** As it would be typed. */
  readonly default?: string;
  /** Nothing runs without it. */
  readonly required?: true;
  /** The flag may stand several times, or takes all words behind it. */
  readonly repeatable?: "flag" | "value";
  /** Its value stands behind `=` only, and may be left out: `""` then. */
  readonly inline?: true;
  /** On, unless `--no-NAME` is given; `says` is about that. */
  readonly negated?: true;
  /** Environment variable that stands for it where it is not typed; of a repeatable one, values separated by commas. */
  readonly variable?: string;
  /** Names of flags that it cannot stand beside. */
  readonly conflicts?: readonly string[];
}

/** By name in camel case: `trustHead` is `--trust-head`. In the order of `--help`. */
export type Flags = Readonly<Record<string, Flag>>;

type ValueOf<One extends Flag> = One extends { readonly value: string }
  ? One extends { readonly repeatable: string }
    ? readonly string[]
    : One extends { readonly of: string }
      ? number
      : One extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : string
  : boolean;

/** Those that are there whatever was typed. */
type Sure = { readonly default: string } | { readonly required: true } | { readonly negated: true };

type SureKeys<All extends Flags> = { [Key in keyof All]: All[Key] extends Sure ? Key : never }[keyof All];

/** What was typed, for exactly these flags. */
export type ValuesOf<All extends Flags> = {
  readonly [Key in SureKeys<All>]: ValueOf<All[Key]>;
} & {
  readonly [Key in Exclude<keyof All, SureKeys<All>>]?: ValueOf<All[Key]>;
};

/** `--trust-head` for `trustHead`; `--no-color` for one that is negated. */
export function longOf(name: string, { negated }: Pick<Flag, "negated">): string {
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return negated === true ? `--no-${words}` : `--${words}`;
}
