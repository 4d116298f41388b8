import type { ClusterResource } from "../../resources/model/desired.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { TalosType } from "../../talos/authority-types.ts";
import type { KnownRotation } from "../../talos/rotation-keys.ts";
import type { CaCertificate } from "../../x509/ca-certificate.ts";
import type { Signing } from "../../x509/what-is-made.ts";
import type { TalosLook } from "./seen-machines.ts";
import type { Session } from "./session.ts";

/** Everything that a transition of one CA works with. */
export interface TalosTransition {
  readonly session: Session;
  readonly cluster: ClusterResource;
  readonly type: TalosType;
  readonly from: Phase;
  readonly to: Phase;
  readonly look: TalosLook;
  readonly known: KnownRotation;
  readonly pair: { readonly old: CaCertificate; readonly next: CaCertificate };
  /** `null`: not at hand. What needs it says so. */
  readonly keys: { readonly old: Signing | null; readonly next: Signing | null };
  readonly progress: (message: string) => void;
}
