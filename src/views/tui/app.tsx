import { useInput, useStdout } from "ink";
import { useEffect, useSyncExternalStore } from "react";
import { keyPresses } from "./key-presses.ts";
import type { Size } from "./state.ts";
import type { Store } from "./state-store.ts";
import { FullScreen } from "./view/full-screen.tsx";
import { Colours } from "./view/lines.tsx";
import { SpokenScreen } from "./view/spoken-screen.tsx";

interface Props {
  readonly store: Store;
  readonly colours: boolean;
  readonly screenReader: boolean;
}

/** Ties the terminal to the state: keys and sizes in, frames out. */
export function App({ store, colours, screenReader }: Props) {
  const state = useSyncExternalStore(store.onFrame, () => store.drawn);
  const { stdout } = useStdout();

  useInput((input, key) => {
    for (const one of keyPresses(input, key)) store.dispatch({ type: "key", key: one });
  });

  useEffect(() => {
    const resized = () => store.dispatch({ type: "resize", size: sizeOf(stdout) });
    stdout.on("resize", resized);
    return () => {
      stdout.off("resize", resized);
    };
  }, [stdout, store]);

  // After the commit: a question counts as asked once it is on the screen.
  useEffect(() => {
    if (state.dialog !== null && state.dialog === store.current.dialog) store.dispatch({ type: "drawn" });
  }, [state.dialog, store]);

  return (
    <Colours value={colours}>
      {screenReader ? <SpokenScreen state={state} /> : <FullScreen state={state} />}
    </Colours>
  );
}

export function sizeOf(stdout: NodeJS.WritableStream & Partial<Size>): Size {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}
