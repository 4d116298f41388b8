import type { CertificateFacts } from "../../../rotation/observation.ts";
import type { OverrideEntryPlan, OverridePlan, PlannedAction } from "../../../rotation/override-plan.ts";
import type { KeyMove, KeyPlan, RotationPlan } from "../../../rotation/plan.ts";
import { aboutText } from "../../facts/about-words.ts";
import { actionText, keyOfEntryText, missingText } from "../../facts/override-words.ts";
import type { NamedMove } from "../../facts/rotation-moves.ts";
import { shortener, shortHash } from "../../fingerprints.ts";
import { dateOf } from "../../times.ts";
import { EMPTY, type Line, line, type Span, span, widthOfText, wrapped } from "../spans.ts";

const LABEL = 10;

/** Keys in short: what each is now, and what it will be; `known` has their certificates. */
export function moveLines(moves: readonly KeyMove[], known: readonly KeyPlan[], width: number): Line[] {
  const shorten = shortener(moves.flatMap(({ fingerprint }) => fingerprint ?? []));
  const names = moves.map(({ fingerprint }) => (fingerprint === null ? "a new key" : shorten(fingerprint)));
  const wide = Math.max(0, ...names.map(widthOfText));
  return moves.map(({ fingerprint, role, before, after }, index) => {
    const certificate = known.find((key) => key.fingerprint === fingerprint)?.certificate ?? null;
    return line(
      span((index === 0 ? "keys" : "").padEnd(LABEL), "dim"),
      span((names[index] ?? "").padEnd(wide), fingerprint === null ? "plain" : roleTone(role)),
      `  ${roleWord(role).padEnd(8)}  `,
      ...change(before, after),
      span(width >= 70 ? `  ${dates(certificate)}` : "", "dim"),
    );
  });
}

function roleWord(role: KeyPlan["role"]): string {
  return role === "introduced" ? "new" : role === "other" ? "stays" : "retiring";
}

function roleTone(role: KeyPlan["role"]): Span["tone"] {
  return role === "retiring" ? "warn" : role === "introduced" ? "good" : "plain";
}

function change(before: string, after: string): readonly Span[] {
  if (before === after) return [span(before)];
  return [span(`${before} → `, "dim"), span(after, after === "gone" ? "bad" : "strong")];
}

function dates(certificate: CertificateFacts | null): string {
  return certificate === null ? "" : `until ${dateOf(certificate.notAfter)}`;
}

/** The keys of a rotation, or of one step of it, with what becomes of them. */
export interface KeysShown {
  readonly rotation: RotationPlan;
  /** `init → update_clients`. */
  readonly title: string;
  readonly moves: readonly NamedMove[];
}

/** Keys and certificates as facts, before and after. */
export function keyLines(
  shown: readonly KeysShown[],
  overrides: readonly OverridePlan[],
  width: number,
): Line[] {
  const lines = shown.flatMap(({ rotation, title, moves }) => [
    line(span(rotation.name, "strong"), span(`  ${title}`, "dim")),
    EMPTY,
    ...moves.flatMap((move) => [...keyFacts(move, rotation.keys, width), EMPTY]),
  ]);
  const changes = overrides.flatMap((override) => [...overrideLines(override, width), EMPTY]);
  if (changes.length > 0) lines.push(line(span("overrides", "strong")), EMPTY, ...changes);
  return lines.length === 0 ? [line(span("no keys move", "dim"))] : lines;
}

function keyFacts(
  { authority, fingerprint, role, before, after }: NamedMove,
  known: readonly KeyPlan[],
  width: number,
): Line[] {
  const head = line(span(`${authority} ${roleWord(role)}`, "strong"), "  ", ...change(before, after));
  if (fingerprint === null) {
    return [head, line(span("init makes it; its fingerprint is known then", "dim"))];
  }
  const key = known.find((one) => one.authority === authority && one.fingerprint === fingerprint);
  return [
    head,
    ...fact("key", fingerprint, width),
    ...fact("kind", [key?.algorithm, key?.storage].filter((part) => part != null).join(", "), width),
    ...certificateLines(key?.certificate ?? null, width),
  ];
}

function certificateLines(certificate: CertificateFacts | null, width: number): Line[] {
  if (certificate === null) return [];
  const { subject, issuer, serial, notBefore, notAfter } = certificate;
  return [
    ...fact("subject", subject, width),
    ...(issuer === subject ? [] : fact("issuer", issuer, width)),
    ...fact("serial", serial, width),
    ...fact("valid", `${dateOf(notBefore)} to ${dateOf(notAfter)}`, width),
  ];
}

export function overrideLines(override: OverridePlan, width: number): Line[] {
  const { authority, situation, entries, actions, due, findings } = override;
  return [
    line(span(`${authority} override`, "strong")),
    ...wrapped(situation, width),
    ...entries.flatMap((entry) => [EMPTY, ...entryLines(entry, width)]),
    ...actions.flatMap((action, index) => [
      ...(index === 0 ? [EMPTY] : []),
      ...wrapped(`${shortHash(action.key_hash)}: ${actionText(action)}`, width, {
        lead: line(`${index + 1}. `),
        tone: "strong",
      }),
      ...wrapped(action.why, width, { lead: line("   ") }),
      ...effectLines(action, width, "   "),
      ...action.missing.flatMap((one) => [
        ...wrapped(`waits for ${missingText(one)}`, width, { lead: line("   "), tone: "bad" }),
        ...wrapped(one.remedy, width, { lead: line(span("   → ", "dim")) }),
      ]),
    ]),
    ...due.flatMap(({ message, command }) => [
      EMPTY,
      ...wrapped(message, width),
      ...fact("next", command, width),
    ]),
    ...findings
      .filter(({ severity }) => severity !== "info")
      .flatMap(({ severity, subject, message }) => [
        EMPTY,
        ...fact(severity, aboutText({ subject, message }), width),
      ]),
  ];
}

/** What a call changes for those who meet the CA; one that changes what signs stands out. */
export function effectLines({ disrupts, undo, signs }: PlannedAction, width: number, indent: string): Line[] {
  return [
    ...(signs === true ? [line(indent, span(" CHANGES WHAT SIGNS ", "chip-warn"))] : []),
    ...(disrupts === undefined
      ? []
      : wrapped(disrupts, width, { lead: line(indent, span("disrupts  ", "dim")) })),
    ...(undo === undefined ? [] : wrapped(undo, width, { lead: line(indent, span("undo      ", "dim")) })),
  ];
}

function entryLines(entry: OverrideEntryPlan, width: number): Line[] {
  const { key_hash, state, state_wanted, subject, issuer, not_before, not_after, chain } = entry;
  const valid = not_before === null ? "" : `${dateOf(not_before)} to ${dateOf(not_after ?? "")}`;
  return [
    ...wrapped(keyOfEntryText(entry), width, { tone: "strong" }),
    line(...change(state, state_wanted)),
    ...fact("key hash", key_hash, width),
    ...fact("subject", subject ?? "", width),
    ...fact("issuer", issuer ?? "", width),
    ...chain.flatMap((link) => fact("chain", link, width)),
    ...fact("valid", valid, width),
  ];
}

function fact(label: string, text: string, width: number): Line[] {
  return text === "" ? [] : wrapped(text, width, { lead: line(span(label.padEnd(LABEL), "dim")) });
}
