import { Box, Text, type TextProps } from "ink";
import { createContext, useContext } from "react";
import { harmless } from "../../harmless.ts";
import type { Line, SpanTone } from "../spans.ts";
import { TONE_STYLES } from "../tone-styles.ts";

/** Off with NO_COLOR and --no-color. Bold, dim and reverse stay: they are no colours. */
export const Colours = createContext(true);

function propsOf(tone: SpanTone, colours: boolean): TextProps {
  const styles = TONE_STYLES[tone];
  const color = colours
    ? styles.find((style) => style === "green" || style === "red" || style === "magenta")
    : undefined;
  return {
    bold: styles.includes("bold"),
    dimColor: styles.includes("dim"),
    inverse: styles.includes("inverse"),
    ...(color === undefined ? {} : { color }),
  };
}

interface LinesProps {
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
      {content.map(({ text, tone }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a span of a row has no other identity
        <Text key={index} {...propsOf(tone, colours)}>
          {harmless(text)}
        </Text>
      ))}
    </Text>
  );
}
