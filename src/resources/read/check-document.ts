import { listAt, nameOf, type Path, textAt, valueAt } from "../../foreign-value.ts";
import { PROFILES } from "../../profiles.ts";
import type { Diagnostic } from "../model/desired.ts";
import { parseDuration } from "../model/duration.ts";
import { parseLocalMoment, parseMoment } from "../model/moment.ts";
import { isTimeZone } from "../model/time-zone.ts";
import { DEFAULT_PORTS, parseAddress } from "../model/trust-consumer.ts";
import { DEFAULT_POLICY } from "./build.ts";
import { diagnosticOn, type ResourceDocument } from "./document.ts";
import { complain } from "./source-file.ts";
import { nearest } from "./suggest.ts";

/**
 * What no schema can say about one resource. Runs on documents that their schema refuses as well, so that all
 * mistakes come out at once; what has the wrong shape is the schema's to report.
 */
export function checkDocument(document: ResourceDocument, now: Date): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (path, message, suggestion = null, at = "value") =>
    diagnostics.push(diagnosticOn(document, path, complain(message, suggestion), at));
  const { kind, value } = document;
  if (kind === "cluster") {
    platformMismatch(value, report);
    duration(value, ["spec", "policy", "soak"], report);
    duration(value, ["spec", "policy", "phase_timeout"], report, "positive");
    duration(value, ["spec", "policy", "stale_read"], report);
    duration(value, ["spec", "signer", "timeout"], report, "positive");
    duration(value, ["spec", "policy", "max_session_ttl"], report);
    noRepeats(listAt(value, ["spec", "peers"]), ["spec", "peers"], report);
    changeWindows(value, report);
    const checks = listAt(value, ["spec", "checks"]);
    const names = checks.map((_, index) => textAt(value, ["spec", "checks", index, "name"]));
    noRepeats(names, ["spec", "checks"], report, "name");
    for (const index of checks.keys())
      duration(value, ["spec", "checks", index, "timeout"], report, "positive");
  }
  if (kind === "repository") duration(value, ["spec", "notify", "timeout"], report, "positive");
  if (kind === "certificate_authority") {
    duration(value, ["spec", "max_age"], report, "positive");
    noRepeats(listAt(value, ["spec", "active_keys"]), ["spec", "active_keys"], report);
    const consumers = listAt(value, ["spec", "trust_consumers"]).map((_, index) =>
      textAt(value, ["spec", "trust_consumers", index, "name"]),
    );
    noRepeats(consumers, ["spec", "trust_consumers"], report, "name");
    for (const index of consumers.keys()) {
      const path: Path = ["spec", "trust_consumers", index];
      duration(value, [...path, "deadline"], report, "positive");
      port(value, [...path, "address"], report);
    }
  }
  if (kind === "ca_rotation") {
    authorities(value, report);
    gracePeriod(value, report);
  }
  if (kind === "cluster" || kind === "ca_rotation") moment(value, ["spec", "hold", "until"], report);
  if (kind === "repository") waves(value, report);
  if (kind === "ca_rotation" || kind === "certificate_authority") {
    for (const index of listAt(value, ["spec", "acknowledge"]).keys())
      moment(value, ["spec", "acknowledge", index, "at"], report);
    for (const index of listAt(value, ["spec", "waive"]).keys()) {
      const path: Path = ["spec", "waive", index, "expires"];
      const expires = moment(value, path, report);
      if (expires === null || Date.parse(expires) >= now.getTime()) continue;
      const guard = textAt(value, ["spec", "waive", index, "guard"]) ?? "a guard";
      const complaint = {
        severity: "warning",
        message: `this waiver of ${guard} expired: it does not count any more`,
        suggestion: "remove it, or have a new one reviewed",
      } as const;
      diagnostics.push(diagnosticOn(document, path, complaint));
    }
  }
  return diagnostics;
}

type Report = (path: Path, message: string, suggestion?: string | null, at?: "key" | "value") => void;

function platformMismatch(value: unknown, report: Report): void {
  const platform = textAt(value, ["spec", "platform"]);
  const names = Object.keys(PROFILES);
  if (platform === null || !names.includes(platform)) return;
  for (const other of names) {
    if (other === platform || valueAt(value, ["spec", other]) === undefined) continue;
    const message = `spec.${other} in a cluster whose platform is ${platform}`;
    report(["spec", other], message, `remove it, or write "platform: ${other}"`, "key");
  }
}

const POLICY: Path = ["spec", "policy"];

/** What else it is, is the schema's to refuse. */
const LOOKS_LIKE_ZONE = /^[A-Za-z][A-Za-z0-9_+/-]*$/;

/** Windows that never open and freezes that end before they begin hold up everything, or nothing. */
function changeWindows(value: unknown, report: Report): void {
  const zonePath: Path = [...POLICY, "time_zone"];
  const named = textAt(value, zonePath) ?? DEFAULT_POLICY.timeZone;
  const zone = isTimeZone(named) ? named : DEFAULT_POLICY.timeZone;
  if (zone !== named && LOOKS_LIKE_ZONE.test(named)) {
    const near = nearest(named, Intl.supportedValuesOf("timeZone"));
    const suggestion = near === null ? "for example Europe/Vienna or UTC" : `did you mean "${near}"?`;
    report(zonePath, `${nameOf(zonePath)}: there is no time zone "${named.slice(0, 60)}"`, suggestion);
  }
  for (const index of listAt(value, [...POLICY, "windows"]).keys()) {
    const path: Path = [...POLICY, "windows", index];
    const from = textAt(value, [...path, "from"]);
    if (from === null || from !== textAt(value, [...path, "to"])) continue;
    const whole = 'for a whole day write "from: 00:00" and "to: 24:00"';
    report([...path, "to"], `${nameOf(path)} is empty: it closes when it opens`, whole);
  }
  for (const index of listAt(value, [...POLICY, "freezes"]).keys()) {
    const path: Path = [...POLICY, "freezes", index];
    const from = moment(value, [...path, "from"], report, (text) => parseLocalMoment(text, "start", zone));
    const to = moment(value, [...path, "to"], report, (text) => parseLocalMoment(text, "end", zone));
    if (from === null || to === null || from < to) continue;
    report([...path, "to"], `${nameOf(path)} is over before it begins`);
  }
}

/** Places are kept by the name of a wave. */
function waves(value: unknown, report: Report): void {
  const path: Path = ["spec", "waves"];
  const list = listAt(value, path);
  noRepeats(
    list.map((_, index) => textAt(value, [...path, index, "name"])),
    path,
    report,
    "name",
  );
  for (const index of list.keys()) duration(value, [...path, index, "pause"], report);
}

function authorities(value: unknown, report: Report): void {
  const path: Path = ["spec", "authorities"];
  const list = listAt(value, path);
  noRepeats(
    list.map((_, index) => textAt(value, [...path, index, "type"])),
    path,
    report,
    "type",
  );
  for (const index of list.keys()) {
    const retire: Path = [...path, index, "retire"];
    noRepeats(listAt(value, retire), retire, report);
  }
}

function gracePeriod(value: unknown, report: Report): void {
  const mode = valueAt(value, ["spec", "mode"]) ?? "manual";
  const path: Path = ["spec", "grace_period"];
  const given = valueAt(value, path) !== undefined;
  if (mode === "auto" && !given)
    report(["spec", "mode"], 'mode auto needs "grace_period"', 'add it, as in "grace_period: 48h"');
  if (mode === "manual" && given)
    report(path, "grace_period counts only with mode auto", 'remove it, or write "mode: auto"', "key");
  duration(value, path, report, "positive");
}

function noRepeats(items: readonly unknown[], path: Path, report: Report, field?: string): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (typeof item !== "string") continue;
    if (seen.has(item)) {
      const what = field === undefined ? "the same key" : `${field} "${item.slice(0, 60)}"`;
      const place: Path = field === undefined ? [...path, index] : [...path, index, field];
      report(place, `${nameOf(path)} has ${what} twice`, "keep one of them");
    }
    seen.add(item);
  }
}

/** As long as the schema's pattern accepts; beyond it the text is the schema's business. */
const LOOKS_LIKE_DURATION = /^([0-9]{1,12}(\.[0-9]{1,9})?(h|ms|m|s))+$/;

function duration(value: unknown, path: Path, report: Report, kind: "any" | "positive" = "any"): void {
  const text = textAt(value, path);
  if (text === null || !LOOKS_LIKE_DURATION.test(text)) return;
  const ms = parseDuration(text);
  if (ms === null) report(path, `${nameOf(path)} is longer than capstan can count`);
  if (ms === 0 && kind === "positive") report(path, `${nameOf(path)} must be longer than nothing`);
}

/** Ports have an end that a pattern can hardly say. */
function port(value: unknown, path: Path, report: Report): void {
  const text = textAt(value, path);
  const written = /:(\d{1,5})$/.exec(text ?? "")?.[1];
  if (text === null || written === undefined || parseAddress(text, DEFAULT_PORTS.tls) !== null) return;
  if (Number(written) > 65535 || Number(written) === 0) {
    report(path, `${nameOf(path)}: there is no port ${written}`, "ports go from 1 to 65535");
  }
}

const LOOKS_LIKE_DATE = /^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:|$)/;

/** The moment at its end, where it is a date alone; `null` when there is none. */
function moment(
  value: unknown,
  path: Path,
  report: Report,
  parse: (text: string) => string | null = (text) => parseMoment(text, "end"),
): string | null {
  const text = textAt(value, path);
  if (text === null || !LOOKS_LIKE_DATE.test(text)) return null;
  const parsed = parse(text);
  if (parsed === null) report(path, `${nameOf(path)}: there is no such date or time as ${text.slice(0, 60)}`);
  return parsed;
}
