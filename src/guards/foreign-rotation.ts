import type { Guard, GuardInput } from "../profile/profile.ts";
import { introducedKeys, keysBeside } from "../rotation/introduced-keys.ts";
import { identify } from "../rotation/observation.ts";
import type { Finding } from "../rotation/plan.ts";
import { failWith } from "./judgement.ts";

/**
 * A rotation is ours by its keys and its `current_id`, not by its phase: everything else was started by somebody
 * else, and two people steering one rotation is how clusters are lost.
 */
export const foreignRotation: Guard = {
  id: "foreign-rotation",
  about: "rotation",
  refuses: "a rotation in progress that neither a resource nor the record knows",
  waivable: false,
  subjects: ["authority", "key"],
  appliesTo: ({ authority }) => authority.rotation.state === "in_progress",
  judge: (input) => failWith([...foreignId(input), ...foreignKeys(input), ...absentKeys(input)]),
};

const REMEDY =
  "find out who started it; let it end, or roll it back by hand, before capstan goes on. Or delete the ca_rotation and write one for the rotation that is under way";

function foreignId({ authority, record }: GuardInput): readonly Finding[] {
  const live = authority.rotation.currentId;
  const known = record?.current_id ?? null;
  if (known === null || known === live) return [];
  return [
    {
      subject: `authority/${authority.type}`,
      message: `the rotation under way is ${live ?? "without an id"}, not ${known}, which capstan started`,
      remedy: REMEDY,
    },
  ];
}

function foreignKeys({ authority, rotation, record, observation }: GuardInput): readonly Finding[] {
  const retire = record?.retire ?? retiredBy(rotation, authority.type);
  const introduced = record === undefined ? [] : introducedKeys(record, authority, observation.profile);
  const present = identify([...authority.active, ...authority.trusted]);
  const dropping = authority.rotation.towards === "standby";
  const gone = dropping ? [] : retire.filter((key) => !present.includes(key));
  const strange =
    record === undefined || record.introduced.length === 0
      ? []
      : present.filter((key) => ![...retire, ...introduced].includes(key));
  return [
    ...gone.map((key) => ({
      subject: `key/${key}`,
      message: "is to be retired, but is not among the keys of the rotation under way",
      remedy: REMEDY,
    })),
    ...strange.map((key) => ({
      subject: `key/${key}`,
      message: "came to the key set after the rotation began, and capstan did not ask for it",
      remedy: REMEDY,
    })),
  ];
}

/**
 * The way on leads to the key that came with the rotation: a look that does not show it shows no rotation in which
 * anybody could use it. The way back asks for none.
 */
function absentKeys({ authority, rotation, record, edge }: GuardInput): readonly Finding[] {
  const { phase, towards = null } = authority.rotation;
  if (phase === "rollback" || edge.to === "rollback" || towards !== null) return [];
  const beside = keysBeside(record?.retire ?? retiredBy(rotation, authority.type), authority);
  const absent = (record?.introduced ?? []).filter((key) => !beside.includes(key));
  if (absent.length > 0) {
    return absent.map((key) => ({
      subject: `key/${key}`,
      message: "came with the rotation under way, and is not among its keys",
      remedy: REMEDY,
    }));
  }
  if (beside.length > 0) return [];
  return [
    {
      subject: `authority/${authority.type}`,
      message: "a rotation is under way, and no key beside those to be retired is listed",
      remedy: REMEDY,
    },
  ];
}

function retiredBy(rotation: GuardInput["rotation"], type: string) {
  return rotation?.authorities.find((authority) => authority.type === type)?.retire ?? [];
}
