import type { CertificateFacts } from "../../../rotation/observation.ts";
import type { OverrideEntryPlan, OverridePlan } from "../../../rotation/override-plan.ts";
import type { KeyPlan, RotationPlan } from "../../../rotation/plan.ts";
import { shortener, shortHash } from "../../fingerprints.ts";
import { dateOf } from "../../times.ts";
import { type KeyFate, keyFates, type Passage } from "../key-fates.ts";
import { EMPTY, type Line, line, type Span, span, widthOfText, wrapped } from "../spans.ts";

const LABEL = 10;

/** Keys in short: what each is now, and what it will be. */
export function fateLines({ fates, makesKey }: ReturnType<typeof keyFates>, width: number): Line[] {
  const shorten = shortener(fates.map(({ key }) => key.fingerprint));
  const wide = Math.max(0, ...fates.map(({ key }) => widthOfText(shorten(key.fingerprint))));
  const lines = fates.map(({ key, before, after }, index) =>
    line(
      span((index === 0 ? "keys" : "").padEnd(LABEL), "dim"),
      span(shorten(key.fingerprint).padEnd(wide), roleTone(key)),
      `  ${roleWord(key).padEnd(8)}  `,
      ...change(before, after),
      span(width >= 70 ? `  ${dates(key.certificate)}` : "", "dim"),
    ),
  );
  if (!makesKey) return lines;
  const label = span((lines.length === 0 ? "keys" : "").padEnd(LABEL), "dim");
  return [
    ...lines,
    line(label, span("a new key".padEnd(wide)), "  new       ", ...change("absent", "trusted")),
  ];
}

function roleWord({ role }: KeyPlan): string {
  return role === "introduced" ? "new" : role === "other" ? "stays" : "retiring";
}

function roleTone({ role }: KeyPlan): Span["tone"] {
  return role === "retiring" ? "warn" : role === "introduced" ? "good" : "plain";
}

function change(before: string, after: string): readonly Span[] {
  if (before === after) return [span(before)];
  return [span(`${before} → `, "dim"), span(after, after === "gone" ? "bad" : "strong")];
}

function dates(certificate: CertificateFacts | null): string {
  return certificate === null ? "" : `until ${dateOf(certificate.notAfter)}`;
}

/** Keys and certificates as facts, before and after. */
export function keyLines(
  rotations: readonly { readonly rotation: RotationPlan; readonly move: Passage }[],
  overrides: readonly OverridePlan[],
  width: number,
): Line[] {
  const lines = rotations.flatMap(({ rotation, move }) => {
    const { fates, makesKey } = keyFates(rotation, move);
    const to = move.to === "undone" ? "standby, rolled back" : move.to;
    return [
      line(span(rotation.name, "strong"), span(`  ${move.from} → ${to}`, "dim")),
      EMPTY,
      ...fates.flatMap((fate) => [...keyFacts(fate, width), EMPTY]),
      ...(makesKey
        ? [
            line(span("new key", "strong"), "  ", ...change("absent", "trusted")),
            line(span("init makes it; its fingerprint is known then", "dim")),
            EMPTY,
          ]
        : []),
    ];
  });
  const changes = overrides.flatMap((override) => [...overrideLines(override, width), EMPTY]);
  if (changes.length > 0) lines.push(line(span("overrides", "strong")), EMPTY, ...changes);
  return lines.length === 0 ? [line(span("no keys move", "dim"))] : lines;
}

function keyFacts({ key, before, after }: KeyFate, width: number): Line[] {
  return [
    line(span(`${key.authority} ${roleWord(key)}`, "strong"), "  ", ...change(before, after)),
    ...fact("key", key.fingerprint, width),
    ...fact("kind", [key.algorithm, key.storage].filter((part) => part !== null).join(", "), width),
    ...certificateLines(key.certificate, width),
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
  const { authority, row, situation, entries, actions, due, findings } = override;
  return [
    line(span(`${authority} override`, "strong"), `  ${row}`),
    ...wrapped(situation, width),
    ...entries.flatMap((entry) => [EMPTY, ...entryLines(entry, width)]),
    ...actions.flatMap(({ purpose, key_hash, call, why, force, missing }, index) => [
      ...(index === 0 ? [EMPTY] : []),
      ...wrapped(`${purpose} ${shortHash(key_hash)}  (${call}${force ? ", with force" : ""})`, width, {
        lead: line(`${index + 1}. `),
        tone: "strong",
      }),
      ...wrapped(why, width, { lead: line("   ") }),
      ...missing.flatMap(({ statement, subject, remedy }) => [
        ...wrapped(`waits for ${statement} of ${subject}`, width, { lead: line("   "), tone: "bad" }),
        ...wrapped(remedy, width, { lead: line(span("   → ", "dim")) }),
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
        ...fact(severity, `${subject} ${message}`, width),
      ]),
  ];
}

function entryLines(entry: OverrideEntryPlan, width: number): Line[] {
  const { key, key_hash, state, state_wanted, subject, issuer, not_before, not_after } = entry;
  const valid = not_before === null ? "" : `${dateOf(not_before)} to ${dateOf(not_after ?? "")}`;
  return [
    line(span(`${key} key`, "strong"), "  ", ...change(state, state_wanted)),
    ...fact("key hash", key_hash, width),
    ...fact("subject", subject ?? "", width),
    ...fact("issuer", issuer ?? "", width),
    ...fact("valid", valid, width),
  ];
}

function fact(label: string, text: string, width: number): Line[] {
  return text === "" ? [] : wrapped(text, width, { lead: line(span(label.padEnd(LABEL), "dim")) });
}
