import stringWidth from "string-width";

/** A terminal's frame, with its escape sequences, as a picture that reads on light and dark pages. */
export function svgOf(frame: string, columns: number): string {
  const rows = frame.split("\n").map(cellsOf);
  const width = columns * CELL.width + 2 * MARGIN;
  const height = rows.length * CELL.height + 2 * MARGIN;
  const drawn = rows.flatMap((cells, row) => drawRow(cells, MARGIN + row * CELL.height));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${PAPER}" stroke="${EDGE}"/>
${drawn.join("\n")}
</svg>
`;
}

const CELL = { width: 8.4, height: 19 };
const MARGIN = 16;
const PAPER = "#ffffff";
const EDGE = "#d0d7de";
const INK = "#1f2328";
const PALE = "#6e7781";
const COLOURS: Readonly<Record<number, string>> = { 31: "#cf222e", 32: "#1a7f37", 35: "#8250df" };

interface Look {
  readonly colour: string | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
}

interface Run extends Look {
  readonly column: number;
  readonly text: string;
}

const NO_LOOK: Look = { colour: null, bold: false, dim: false, inverse: false };

/** Cuts a row into runs of one look, each with the column that it starts at. */
function cellsOf(row: string): readonly Run[] {
  const runs: Run[] = [];
  let look = NO_LOOK;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the escape sequences that a frame consists of
  for (const part of row.split(/(\u001b\[[0-9;]*m)/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
    const codes = /^\u001b\[([0-9;]*)m$/.exec(part)?.[1];
    if (codes !== undefined) look = codes.split(";").map(Number).reduce(withCode, look);
    else if (part !== "") {
      runs.push({ ...look, column, text: part });
      column += stringWidth(part);
    }
  }
  return runs;
}

function withCode(look: Look, code: number): Look {
  switch (code) {
    case 0:
      return NO_LOOK;
    case 1:
      return { ...look, bold: true };
    case 2:
      return { ...look, dim: true };
    case 7:
      return { ...look, inverse: true };
    case 22:
      return { ...look, bold: false, dim: false };
    case 27:
      return { ...look, inverse: false };
    case 39:
      return { ...look, colour: null };
    default:
      return { ...look, colour: COLOURS[code] ?? look.colour };
  }
}

function drawRow(runs: readonly Run[], top: number): readonly string[] {
  return runs.flatMap((run) => {
    const colour = run.colour ?? (run.dim ? PALE : INK);
    const left = MARGIN + run.column * CELL.width;
    const width = stringWidth(run.text) * CELL.width;
    const ground = run.inverse
      ? [
          `<rect x="${round(left)}" y="${top}" width="${round(width)}" height="${CELL.height}" fill="${colour}"/>`,
        ]
      : [];
    return [...ground, ...drawText(run, run.inverse ? PAPER : colour, left, top)];
  });
}

/** Words as text, lines as lines: fonts leave gaps between the characters that should join. */
function drawText(run: Run, colour: string, left: number, top: number): readonly string[] {
  const drawn: string[] = [];
  let column = 0;
  for (const part of run.text.split(/([─━═╌│╭╮╰╯]+|\s{2,})/)) {
    const width = stringWidth(part);
    const at = left + column * CELL.width;
    column += width;
    if (part.trim() === "") continue;
    if (/^[─━═╌│╭╮╰╯]/.test(part)) {
      drawn.push(
        ...[...part.matchAll(/─+|━+|═+|╌+|[│╭╮╰╯]/g)].map((match) =>
          stroke(match[0], at + match.index * CELL.width, top, colour),
        ),
      );
      continue;
    }
    const lead = part.length - part.trimStart().length;
    const text = part.trim();
    const weight = run.bold ? ' font-weight="600"' : "";
    drawn.push(
      `<text x="${round(at + lead * CELL.width)}" y="${top + 14}" fill="${colour}"${weight} textLength="${round(stringWidth(text) * CELL.width)}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escaped(text)}</text>`,
    );
  }
  return drawn;
}

function stroke(signs: string, left: number, top: number, colour: string): string {
  const right = left + signs.length * CELL.width;
  const [middle, centre] = [top + CELL.height / 2, left + CELL.width / 2];
  const bottom = top + CELL.height;
  const path = (d: string, width = 1, more = "") =>
    `<path d="${d}" stroke="${colour}" stroke-width="${width}" fill="none"${more}/>`;
  const across = (y: number) => `M${round(left)} ${round(y)}H${round(right)}`;
  switch (signs[0]) {
    case "━":
      return path(across(middle), 2.5);
    case "═":
      return path(`${across(middle - 2)}${across(middle + 2)}`, 1.2);
    case "╌":
      return path(across(middle), 1, ' stroke-dasharray="3 2.6"');
    case "│":
      return path(`M${round(centre)} ${top}V${bottom}`);
    case "╭":
      return path(
        `M${round(centre)} ${bottom}V${middle + 4}Q${round(centre)} ${middle} ${round(right)} ${middle}`,
      );
    case "╮":
      return path(
        `M${round(centre)} ${bottom}V${middle + 4}Q${round(centre)} ${middle} ${round(left)} ${middle}`,
      );
    case "╰":
      return path(
        `M${round(centre)} ${top}V${middle - 4}Q${round(centre)} ${middle} ${round(right)} ${middle}`,
      );
    case "╯":
      return path(
        `M${round(centre)} ${top}V${middle - 4}Q${round(centre)} ${middle} ${round(left)} ${middle}`,
      );
    default:
      return path(across(middle));
  }
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
