import type { DesiredState, Waiver } from "../../resources/model/desired.ts";
import { isInForce } from "../../resources/model/hold.ts";
import type { ClusterPlan } from "../../rotation/plan.ts";
import { shellWord, waiveCommand } from "../../rotation/remedy-command.ts";
import type { End } from "./end.ts";

/**
 * When what a person has written for a time ends: a waiver, after which its finding blocks again, and a hold, after which
 * steps begin. What has ended already, and what stands in a rotation that is over, is no news.
 */
export function statementEnds(
  { clusters, authorities, rotations }: DesiredState,
  cluster: string,
  plan: ClusterPlan | undefined,
  now: number,
): readonly End[] {
  const over = new Set(
    plan?.rotations.flatMap(({ name, standing }) => (standing === "finished" ? [name] : [])) ?? [],
  );
  const open = rotations.filter((one) => one.cluster === cluster && !over.has(one.name));
  const holding = [
    ...clusters
      .filter(({ name }) => name === cluster)
      .map(({ name, hold }) => ({ subject: `cluster/${name}`, flag: `--cluster ${shellWord(name)}`, hold })),
    ...open.map(({ name, hold }) => ({
      subject: `rotation/${name}`,
      flag: `--rotation ${shellWord(name)}`,
      hold,
    })),
  ];
  const waiving = [
    ...authorities
      .filter((one) => one.cluster === cluster)
      .map(({ type, waive = [] }) => ({ place: `authority/${type}`, waive })),
    ...open.map(({ name, waive }) => ({ place: `rotation/${name}`, waive })),
  ];
  return [
    ...holding.flatMap(({ subject, flag, hold }): readonly End[] =>
      hold === undefined || hold.until === null || !isInForce(hold, now)
        ? []
        : [
            {
              kind: "hold",
              subject,
              at: hold.until,
              message: `is held (${hold.reason}), and then goes forward again`,
              remedy: `to hold it longer: \`capstan hold ${flag} --reason REASON --until DATE\``,
            },
          ],
    ),
    ...waiving.flatMap(({ place, waive }) =>
      waive.filter(({ expires }) => now < Date.parse(expires)).map((waiver) => waiverEnd(place, waiver)),
    ),
  ];
}

function waiverEnd(place: string, { guard, subject, reason, expires }: Waiver): End {
  return {
    kind: "waiver",
    subject,
    name: `${place}/${guard}/${subject}`,
    at: expires,
    message: `${guard} is waived in ${place} (${reason}), and then it counts again`,
    remedy: `deal with it by then; to accept it longer: \`${waiveCommand(guard, subject)}\``,
  };
}
