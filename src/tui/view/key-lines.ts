import { shortener } from "../../render/fingerprints.ts";
import type { CertificateFacts } from "../../rotation/observation.ts";
import type { KeyPlan, OverrideEntryFacts, OverridePlan, RotationPlan } from "../../rotation/plan.ts";
import { type KeyFate, keyFates, type Move } from "../facts.ts";
import { dateOf, EMPTY, type Line, line, paragraph, type Span, span, widthOfText } from "../text.ts";

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
  rotations: readonly { readonly rotation: RotationPlan; readonly move: Move }[],
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

export function overrideLines({ authority, key_hash, before, after }: OverridePlan, width: number): Line[] {
  return [
    line(
      span(`${authority} override`, "strong"),
      "  ",
      ...change(before?.state ?? "absent", after?.state ?? "gone"),
    ),
    ...fact("key hash", key_hash, width),
    ...sides(before, after, width),
  ];
}

function sides(before: OverrideEntryFacts | null, after: OverrideEntryFacts | null, width: number): Line[] {
  const [old, now] = [
    certificateLines(before?.certificate ?? null, width),
    certificateLines(after?.certificate ?? null, width),
  ];
  if (JSON.stringify(old) === JSON.stringify(now)) return old;
  return [
    ...(old.length === 0 ? [] : [line(span("before", "bad")), ...old]),
    ...(now.length === 0 ? [] : [line(span("after", "good")), ...now]),
  ];
}

function fact(label: string, text: string, width: number): Line[] {
  return text === "" ? [] : paragraph(text, width, { lead: line(span(label.padEnd(LABEL), "dim")) });
}
