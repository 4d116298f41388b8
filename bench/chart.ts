import type { Growth } from "./row.ts";

const WIDTH = 320;
const HEIGHT = 180;
const MARGIN = { left: 52, right: 30, top: 34, bottom: 34 };
const INK = "#1f2328";
const PALE = "#6e7781";
const EDGE = "#d0d7de";
const MARK = "#0969da";

/** One cost by size, with the straight line through zero and the largest size: growth above it would be more than linear. */
export function growthChart({ what, of, unit, points }: Growth): string {
  const largest = points.at(-1) ?? { size: 1, value: 1 };
  const top = Math.max(...points.map(({ value }) => value)) * 1.15;
  const x = (size: number) =>
    round(MARGIN.left + (size / largest.size) * (WIDTH - MARGIN.left - MARGIN.right));
  const y = (value: number) =>
    round(HEIGHT - MARGIN.bottom - (value / top) * (HEIGHT - MARGIN.top - MARGIN.bottom));
  const line = points.map(({ size, value }) => `${x(size)},${y(value)}`).join(" ");
  const marks = points.map(
    ({ size, value }) => `<circle cx="${x(size)}" cy="${y(value)}" r="3.5" fill="${MARK}"/>
<text x="${x(size)}" y="${y(value) - 9}" text-anchor="middle" fill="${INK}">${shortNumber(value)} ${unit}</text>
<text x="${x(size)}" y="${HEIGHT - MARGIN.bottom + 16}" text-anchor="middle" fill="${PALE}">${shortNumber(size)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="11">
<title>${what}</title>
<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="8" fill="#ffffff" stroke="${EDGE}"/>
<text x="14" y="20" font-weight="600" fill="${INK}">${what}</text>
<line x1="${x(0)}" y1="${y(0)}" x2="${x(largest.size)}" y2="${y(0)}" stroke="${EDGE}"/>
<line x1="${x(0)}" y1="${y(0)}" x2="${x(largest.size)}" y2="${y(largest.value)}" stroke="${EDGE}" stroke-dasharray="4 4"/>
<polyline points="${line}" fill="none" stroke="${MARK}" stroke-width="1.5"/>
${marks.join("\n")}
<text x="${x(0)}" y="${HEIGHT - MARGIN.bottom + 16}" text-anchor="middle" fill="${PALE}">0</text>
<text x="${WIDTH - 14}" y="20" text-anchor="end" fill="${PALE}">${of}</text>
</svg>
`;
}

/** `1M`, `300k`, `2.4`. */
export function shortNumber(value: number): string {
  if (value >= 1e6) return `${round(value / 1e6)}M`;
  if (value >= 10_000) return `${round(value / 1000)}k`;
  return value >= 100 ? String(Math.round(value)) : String(round(value));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
