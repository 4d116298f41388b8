import { createTwoFilesPatch } from "diff";
import type { Cancel } from "../clock.ts";
import { formatGoDuration } from "../go-duration.ts";
import type { ApplyMode, TalosDialect } from "./dialect.ts";
import { ConfigError, type EmulatedConfig, isImmediate, readEmulatedConfig } from "./machine-config.ts";
import type { Pace } from "./pace.ts";
import { RpcError } from "./rpc.ts";

export interface ApplyRequest {
  readonly data: string;
  readonly mode: ApplyMode;
  readonly dryRun: boolean;
  readonly tryTimeoutSeconds: number;
}

export interface ApplyResult {
  readonly mode: ApplyMode;
  readonly modeDetails: string;
  readonly warnings: readonly string[];
}

export interface ConfigStoreOptions {
  readonly dialect: TalosDialect;
  readonly pace: Pace;
  /** The active configuration has changed. */
  readonly changed: (before: EmulatedConfig, after: EmulatedConfig) => void;
  readonly reboot: () => void;
}

/** How long an apply holds its lock; concurrent ones are refused meanwhile, not queued. */
const APPLY_SECONDS = 0.5;
/** A try is for a person or a tool at work, so it is not sped up as much as the cluster is. */
const FASTEST_TRY = 10;

/**
 * The two machine configurations of a node: the active one (`v1alpha1`) and the one on disk (`persistent`), and
 * the modes of applying (TA 2.4, 3.3). Bytes are kept as they were sent.
 */
export class ConfigStore {
  readonly #options: ConfigStoreOptions;
  #active: string;
  #persistent: string;
  #config: EmulatedConfig;
  #applying = false;
  #cancelTry: Cancel | null = null;

  constructor(text: string, options: ConfigStoreOptions) {
    this.#options = options;
    this.#active = text;
    this.#persistent = text;
    this.#config = readEmulatedConfig(text, options.dialect);
  }

  get active(): string {
    return this.#active;
  }

  get persistent(): string {
    return this.#persistent;
  }

  /** The active configuration, understood. */
  get config(): EmulatedConfig {
    return this.#config;
  }

  async apply(request: ApplyRequest): Promise<ApplyResult> {
    if (this.#applying) {
      throw new RpcError("FailedPrecondition", "another apply configuration is already in progress");
    }
    this.#applying = true;
    try {
      const result = this.#apply(request);
      await this.#options.pace.sleep(APPLY_SECONDS);
      return result;
    } catch (error) {
      if (error instanceof ConfigError) throw new RpcError("InvalidArgument", error.message);
      throw error;
    } finally {
      this.#applying = false;
    }
  }

  /** What a boot does: the configuration on disk is the one. */
  boot(): void {
    this.#endTry();
    this.#activate(this.#persistent);
  }

  /** Behind the API's back, as a reinstallation or somebody at the console would. */
  replace(text: string): void {
    this.#endTry();
    this.#persistent = text;
    this.#activate(text);
  }

  #apply({ data, mode, dryRun, tryTimeoutSeconds }: ApplyRequest): ApplyResult {
    const { dialect } = this.#options;
    // As upstream: this comes first, so even an apply that is refused then ends the safety net of an earlier try.
    if (mode !== "try") this.#endTry();
    const next = readEmulatedConfig(data, dialect);
    const immediate = isImmediate(this.#config, next);
    const effective = effectiveMode(mode, immediate, dialect);
    if (!immediate && (effective === "no-reboot" || effective === "try")) {
      const diff = difference(this.#active, data);
      throw new ConfigError(`this config change can't be applied in immediate mode\ndiff:\n${diff}`);
    }
    const details = modeDetails(effective);
    if (dryRun) {
      const diff = difference(this.#active, data);
      return {
        mode: effective,
        modeDetails: `Dry run summary:\n${details} (skipped in dry-run).\nConfig diff:\n\n${diff}`,
        warnings: [],
      };
    }
    this.#store(effective, data, tryTimeoutSeconds);
    const suffix =
      effective === "try"
        ? `\nThe config is applied in 'try' mode and will be automatically reverted back in ${formatGoDuration(tryTimeoutSeconds * 1000)}`
        : "";
    return { mode: effective, modeDetails: details + suffix, warnings: [] };
  }

  #store(mode: ApplyMode, data: string, tryTimeoutSeconds: number): void {
    const { pace, reboot } = this.#options;
    if (mode === "try") {
      const before = this.#active;
      this.#endTry();
      this.#cancelTry = pace.afterWall((tryTimeoutSeconds * 1000) / Math.min(pace.speed, FASTEST_TRY), () => {
        this.#cancelTry = null;
        this.#activate(before);
      });
      this.#activate(data);
      return;
    }
    this.#persistent = data;
    if (mode === "no-reboot") this.#activate(data);
    if (mode === "reboot") reboot();
  }

  #endTry(): void {
    this.#cancelTry?.();
    this.#cancelTry = null;
  }

  #activate(text: string): void {
    const before = this.#config;
    this.#active = text;
    this.#config = readEmulatedConfig(text, this.#options.dialect);
    this.#options.changed(before, this.#config);
  }
}

function effectiveMode(mode: ApplyMode, immediate: boolean, dialect: TalosDialect): ApplyMode {
  if (!dialect.modes.includes(mode)) {
    throw new ConfigError(`incorrect mode '${mode.toUpperCase()}' specified for the apply config call`);
  }
  if (mode !== "auto") return mode;
  return dialect.autoReboots && !immediate ? "reboot" : "no-reboot";
}

function modeDetails(mode: ApplyMode): string {
  if (mode === "staged") return "Staged configuration to be applied after the next reboot";
  return mode === "reboot" ? "Applied configuration with a reboot" : "Applied configuration without a reboot";
}

/** Of everything, private keys included, as upstream. */
function difference(before: string, after: string): string {
  return before === after
    ? "No changes."
    : createTwoFilesPatch("a", "b", before, after, "", "", { context: 3 });
}
