import type {
  CertificateDue,
  OverrideEntryPlan,
  OverridePlan,
  OverridePlanFinding,
  PlannedAction,
} from "../../rotation/override-plan.ts";
import { aboutText } from "../facts/about-words.ts";
import { exerciseWords } from "../facts/check-words.ts";
import { actionText, entryStateText, keyOfEntryText, missingText } from "../facts/override-words.ts";
import { shortHash } from "../fingerprints.ts";
import { harmlessLine } from "../harmless.ts";
import { dateOf } from "../times.ts";
import { paragraph } from "./columns.ts";
import type { Paint, TextTone } from "./paint.ts";

/** The overrides of one CA, for people: what is there, what changes, what is due. */
export function overrideText(plan: OverridePlan, paint: Paint): string {
  const by = plan.managed ? "" : paint("dim", "  not managed in git");
  const lines = [
    `  ${paint("strong", `override of ${harmlessLine(plan.authority)}`)}${by}`,
    paragraph(plan.situation, "    "),
    ...plan.entries.flatMap((entry) => entryText(entry, paint)),
    ...(plan.exercises ?? []).map((one) => paragraph(exerciseWords(one), "    ", "      ")),
    ...plan.due.map((due) => dueText(due, paint)),
    ...plan.actions.map((action, index) => callText(action, index + 1, paint)),
    ...plan.findings.map((finding) => overrideFindingText(finding, paint)),
  ];
  return lines.join("\n");
}

const SIGN: Readonly<Record<OverrideEntryPlan["change"], string>> = {
  added: "+",
  removed: "-",
  changed: "~",
  unchanged: " ",
};

function entryText(entry: OverrideEntryPlan, paint: Paint): readonly string[] {
  const { key_hash, change, state, subject, issuer } = entry;
  const tone: TextTone = change === "unchanged" ? "dim" : "accent";
  const crl = entry.crl || entry.subject === null || state === "absent" ? "" : ", no revocation list";
  const lines = [
    paragraph(
      `${paint(tone, `${SIGN[change]} ${shortHash(key_hash)}`)}  ${keyOfEntryText(entry)}: ${paint("strong", entryStateText(entry))}${crl}`,
      "    ",
      "        ",
    ),
  ];
  if (subject !== null) {
    lines.push(paragraph(`subject ${harmlessLine(subject)}`, "        ", "          "));
    lines.push(paragraph(`issuer  ${harmlessLine(issuer ?? "")}`, "        ", "          "));
    const chain = entry.chain.length === 0 ? ", no chain" : "";
    lines.push(`        from ${day(entry.not_before)} until ${day(entry.not_after)}${chain}`);
    for (const link of entry.chain) {
      lines.push(paragraph(`chain   ${harmlessLine(link)}`, "        ", "          "));
    }
  }
  for (const { field, from, to } of entry.fields.filter((one) => one.field !== "state")) {
    lines.push(paragraph(`${field}: ${harmlessLine(from)} → ${harmlessLine(to)}`, "        ", "          "));
  }
  return lines;
}

function day(moment: string | null): string {
  return moment === null ? "" : dateOf(moment);
}

function dueText({ key_hash, message, command }: CertificateDue, paint: Paint): string {
  const head = paint("warn", `${harmlessLine(message)}: ${shortHash(key_hash)}`);
  // In one piece, so that it can be copied.
  return `${paragraph(head, "    ", "      ")}\n      → ${command}`;
}

function callText(action: PlannedAction, number: number, paint: Paint): string {
  const { key_hash, why, missing, disrupts, undo, signs } = action;
  const mark = signs === true ? `   ${paint("warn", "CHANGES WHAT SIGNS")}` : "";
  const lines = [
    paragraph(
      `${paint("accent", `${number}. ${shortHash(key_hash)}: ${actionText(action)}`)}${mark}`,
      "    ",
      "       ",
    ),
    paragraph(why, "       "),
    ...(disrupts === undefined ? [] : [paragraph(`disrupts  ${disrupts}`, "       ", "                 ")]),
    ...(undo === undefined ? [] : [paragraph(`undo      ${undo}`, "       ", "                 ")]),
  ];
  for (const one of missing) {
    lines.push(
      paragraph(`${paint("bad", "waits")} for ${missingText(one)}`, "       ", "         "),
      paragraph(`→ ${one.remedy}`, "         ", "           "),
    );
  }
  return lines.join("\n");
}

const TONES: Readonly<Record<OverridePlanFinding["severity"], TextTone>> = {
  error: "bad",
  warning: "warn",
  info: "dim",
};

/** What is wrong with an override, or was accepted, and what to do about it. */
export function overrideFindingText(finding: OverridePlanFinding, paint: Paint): string {
  const { severity, code, subject, message, remedy, waived } = finding;
  const tone = waived === undefined ? TONES[severity] : "warn";
  const label = waived === undefined ? severity : "waived";
  const head = `${paint(tone, label)} ${harmlessLine(aboutText({ subject: shortened(subject), message }))} (${code})`;
  const answer = waived === undefined ? `→ ${harmlessLine(remedy)}` : `waived: ${harmlessLine(waived)}`;
  return `${paragraph(head, "    ", "      ")}\n${paragraph(answer, "      ", "        ")}`;
}

function shortened(text: string): string {
  return text.replaceAll(/\b([0-9a-f]{16})[0-9a-f]{48}\b/g, "$1…");
}
