import { createHash } from "node:crypto";

/** One entry of a calendar. */
export interface CalendarEvent {
  /** Names it: the same one next time replaces it. */
  readonly id: string;
  /** ISO 8601. */
  readonly from: string;
  /** ISO 8601; `null`: a moment. */
  readonly until: string | null;
  readonly title: string;
  readonly description: string;
  readonly category: string;
}

/**
 * iCalendar by RFC 5545: lines end with CR LF and are folded at 75 octets (3.1), text is escaped (3.3.11), times are in
 * UTC. An event does not make anybody busy. `madeAt`: ISO 8601.
 */
export function icalendar(name: string, events: readonly CalendarEvent[], madeAt: string): string {
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//capstan//forecast//EN",
    "CALSCALE:GREGORIAN",
    `NAME:${text(name)}`,
    `X-WR-CALNAME:${text(name)}`,
    ...events.flatMap((event) => eventLines(event, madeAt)),
    "END:VCALENDAR",
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join("");
}

function eventLines(event: CalendarEvent, madeAt: string): readonly string[] {
  const { id, from, until, title, description, category } = event;
  return [
    "BEGIN:VEVENT",
    // Names of clusters are nobody's business who gets to see the UID alone.
    `UID:${createHash("sha256").update(id).digest("hex").slice(0, 32)}@capstan`,
    `DTSTAMP:${utc(madeAt)}`,
    `DTSTART:${utc(from)}`,
    ...(until === null ? [] : [`DTEND:${utc(until)}`]),
    `SUMMARY:${text(title)}`,
    `DESCRIPTION:${text(description)}`,
    `CATEGORIES:${text(category)}`,
    "TRANSP:TRANSPARENT",
    "END:VEVENT",
  ];
}

/** `20261202T220000Z`; parts of seconds cannot be written. */
function utc(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

function text(value: string): string {
  return value.replaceAll(/[\\;,]/g, "\\$&").replaceAll("\n", "\\n");
}

const LONGEST_LINE = 75;

/** In octets of UTF-8, and never within a character. The blank before a continuation counts. */
function folded(line: string): string {
  let out = "";
  let octets = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > LONGEST_LINE) {
      out += "\r\n ";
      octets = 1;
    }
    out += character;
    octets += size;
  }
  return out;
}
