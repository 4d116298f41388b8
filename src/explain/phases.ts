import type { Phase } from "../rotation/phase.ts";
import type { Explained } from "./page.ts";

/** What each phase is (reference teleport-rotation 1.3 and 1.4). */
export const PHASE_PAGES: Readonly<Record<Phase, Explained>> = {
  standby: {
    means: "No rotation is under way. One key signs, and it alone is trusted.",
    why: "A rotation begins and ends here. The step that comes back here drops a key: at the end of a rotation it is the point of no return.",
    todo: "`capstan rotate start TYPE` begins a rotation. `capstan rotate finish TYPE` asks for this phase at its end.",
  },
  init: {
    means: "The new key is there and is trusted. The old key still signs.",
    why: "Everybody has to trust the new key before it signs anything. Nothing breaks in this phase by itself.",
    todo: "Do the work by hand that the plan shows: whoever stands outside the cluster learns the new CA now. Then `capstan rotate advance TYPE`.",
  },
  update_clients: {
    means: "The new key signs. Clients get new certificates, servers still show the old ones.",
    why: "Clients change first, as servers take certificates of both keys.",
    todo: "See that what depends on the CA still works. Then `capstan rotate advance TYPE`.",
  },
  update_servers: {
    means: "Servers show certificates of the new key. The old key is still trusted.",
    why: "It is the last phase from which the way back is open.",
    todo: "See that everybody has a certificate of the new key. Then `capstan rotate finish TYPE` drops the old one.",
  },
  rollback: {
    means: "The rotation goes back: the old key signs again. Both keys are trusted.",
    why: "Whoever has a certificate of the new key needs one of the old key before the new key goes.",
    todo: "`capstan apply` waits until everybody has followed, and ends in standby. `capstan rotate start TYPE --reason TEXT` tries again later.",
  },
};
