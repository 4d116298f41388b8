import type { CampaignView, MemberView } from "../fleet/campaign-view.ts";
import { isThrough, waitBefore } from "../fleet/wait-for-waves.ts";
import type { Guard, GuardInput } from "../profile/profile.ts";
import { isForward, type Phase } from "../rotation/phase.ts";
import type { Finding } from "../rotation/plan.ts";
import { writtenMoment } from "../written-date.ts";
import { failWith, type Judgement } from "./judgement.ts";

/**
 * The canaries first: judged from the records of the whole campaign, so that runs on other machines count. Nobody
 * waives it: who may go first is the order of `waves` and the labels of clusters in git.
 */
export const wave: Guard = {
  id: "wave",
  about: "time",
  refuses: "entering a phase before the waves before have verified it, or while the wave has no place left",
  waivable: false,
  subjects: ["cluster", "wave", "campaign"],
  appliesTo: ({ campaign, edge, authority }) =>
    campaign !== undefined &&
    isForward(edge) &&
    edge.from !== edge.to &&
    authority.rotation.towards !== edge.to,
  judge: (input) => (input.campaign === undefined ? failWith([]) : judgeIn(input.campaign, input)),
};

function judgeIn(campaign: CampaignView, { cluster, edge, now }: GuardInput): Judgement {
  if (campaign.wave === null) {
    return failWith([
      {
        subject: `cluster/${cluster.name}`,
        message: "is in no wave of the repository",
        remedy: "give it the labels of a wave, or add a wave with `selector: {}` that takes the rest",
      },
    ]);
  }
  const unread = unreadIn(campaign, edge.from === "standby");
  const known = [
    ...goneBack(campaign),
    ...behind(campaign, edge.to),
    ...pausing(campaign, edge.to, now),
    ...(edge.from === "standby" ? full(campaign, cluster.name) : []),
  ];
  return unread.length === 0
    ? failWith(known)
    : { outcome: known.length === 0 ? "unknown" : "fail", findings: [...known, ...unread] };
}

function unreadIn({ before, places, name }: CampaignView, isStart: boolean): readonly Finding[] {
  const members = before.flatMap(({ cluster, unread }) =>
    unread === null
      ? []
      : [
          {
            subject: `cluster/${cluster}`,
            message: `is in a wave before, and its record cannot be read: ${unread}`,
            remedy: "see to the record, then plan again",
          },
        ],
  );
  if (!isStart || places === null || places.unread === null) return members;
  return [
    ...members,
    {
      subject: `campaign/${name}`,
      message: `nobody knows who has a place in it: ${places.unread}`,
      remedy: "see to the record, then plan again",
    },
  ];
}

function goneBack({ before }: CampaignView): readonly Finding[] {
  return before.flatMap(({ cluster, wave: itsWave, wentBack }) =>
    wentBack === null
      ? []
      : [
          {
            subject: `cluster/${cluster}`,
            message: `is in the wave before (${itsWave}), and ${wentBack}`,
            remedy: "find out why; nothing behind it goes on until it was started again there and went well",
          },
        ],
  );
}

const NAMED = 5;

/** One finding a wave: of hundreds of clusters some are named. */
function behind({ before }: CampaignView, phase: Phase): readonly Finding[] {
  const late = before.filter(
    (member) => member.wentBack === null && member.unread === null && !isThrough(member, phase),
  );
  return [...Map.groupBy(late, (member) => member.wave)].map(([name, members]) => ({
    subject: `wave/${name}`,
    message: `comes first, and has not verified ${phase}: ${namesOf(members)}`,
    remedy: "apply there first; this follows by itself when it is run again",
  }));
}

function namesOf(members: readonly Pick<MemberView, "cluster">[]): string {
  const names = members.map(({ cluster }) => cluster);
  const rest = names.length - NAMED;
  return rest <= 0 ? names.join(", ") : `${names.slice(0, NAMED).join(", ")} and ${rest} more`;
}

function pausing(campaign: CampaignView, phase: Phase, now: number): readonly Finding[] {
  const { until } = waitBefore(campaign, phase, now);
  if (until === null) return [];
  return [
    {
      subject: `wave/${campaign.wave?.name}`,
      message: `pauses until ${writtenMoment(until)}, since the wave before has verified ${phase}`,
      remedy: "apply again after that time",
    },
  ];
}

function full({ wave: own, places, name }: CampaignView, cluster: string): readonly Finding[] {
  if (places === null || places.taken.includes(cluster) || places.taken.length < places.most) return [];
  const others = places.taken.map((one) => ({ cluster: one }));
  return [
    {
      subject: `campaign/${name}`,
      message: `all ${places.most} places of the wave ${own?.name} are taken: ${namesOf(others)}`,
      remedy: "apply again when one of them is finished",
    },
  ];
}
