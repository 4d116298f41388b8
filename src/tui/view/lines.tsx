import { Box, Text, type TextProps } from "ink";
import { createContext, useContext } from "react";
import { harmless } from "../harmless.ts";
import type { Line, Tone } from "../text.ts";

/** Off with NO_COLOR and --no-color. Bold, dim and reverse stay: they are no colours. */
export const Colours = createContext(true);

/**
 * The 16 colours of the terminal's own palette, and of these the ones that can be read on black and on white:
 * neither yellow nor cyan (pale on white), nor blue (dark on black).
 */
const LOOKS: Readonly<Record<Tone, TextProps>> = {
  plain: {},
  strong: { bold: true },
  dim: { dimColor: true },
  good: { color: "green" },
  bad: { color: "red", bold: true },
  warn: { color: "magenta" },
  cursor: { inverse: true },
  chip: { inverse: true, bold: true },
  "chip-good": { inverse: true, bold: true, color: "green" },
  "chip-bad": { inverse: true, bold: true, color: "red" },
  "chip-warn": { inverse: true, bold: true, color: "magenta" },
};

export interface LinesProps {
  readonly lines: readonly Line[];
}

/** Draws rows of text that already have their widths. */
export function Lines({ lines }: LinesProps) {
  const colours = useContext(Colours);
  return (
    <Box flexDirection="column" flexShrink={0}>
      {lines.map((content, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen has no other identity
        <Row key={row} content={content} colours={colours} />
      ))}
    </Box>
  );
}

function Row({ content, colours }: { readonly content: Line; readonly colours: boolean }) {
  if (content.length === 0) return <Text> </Text>;
  return (
    <Text wrap="truncate-end">
      {content.map(({ text, tone }, index) => {
        const { color, ...look } = LOOKS[tone];
        const props = colours && color !== undefined ? { ...look, color } : look;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a span of a row has no other identity
          <Text key={index} {...props}>
            {harmless(text)}
          </Text>
        );
      })}
    </Text>
  );
}
