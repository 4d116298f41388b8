import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { fork } from "./fork-server.ts";

/** A program in a real terminal: tmux is one, can be typed into, and can be asked what it shows. */
export class Tmux {
  static readonly found = spawnSync("tmux", ["-V"]).status === 0;

  /** A server of its own for every test: the last one may still be on its way out. */
  private readonly socket = `capstan-test-${randomUUID().slice(0, 8)}`;

  /** `command`: for the shell of tmux. What it prints last stays on the screen until `close`. */
  constructor(command: string, options: { readonly columns: number; readonly rows: number; cwd?: string }) {
    const { columns, rows, cwd = process.cwd() } = options;
    const environment = "env -u CI -u NO_COLOR TERM=screen-256color";
    this.run(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-x",
      `${columns}`,
      "-y",
      `${rows}`,
      "-c",
      cwd,
      [environment, `${command}; echo "ended with $?"; cat`].join(" "),
    );
  }

  run(...args: readonly string[]): string {
    return execFileSync("tmux", ["-L", this.socket, ...args], { encoding: "utf8" });
  }

  shown(): string {
    return this.run("capture-pane", "-p");
  }

  async see(text: string): Promise<string> {
    const until = Date.now() + 10 * 60_000;
    while (Date.now() < until) {
      const screen = await this.#asked("capture-pane", "-p");
      if (screen.includes(text)) return screen;
      await delay(100);
    }
    throw new Error(`the terminal never showed ${JSON.stringify(text)}, but\n${this.shown()}`);
  }

  /** As a person types who reads between the keys: faster ones are taken for somebody leaning on the keyboard. */
  async keys(...all: readonly string[]): Promise<void> {
    for (const one of all) {
      await delay(1_000);
      await this.#asked("send-keys", "--", one);
    }
  }

  /** By the small process: looks are many, and to fork this one takes longer than each of them. */
  async #asked(...args: readonly string[]): Promise<string> {
    const argv = ["tmux", "-L", this.socket, ...args];
    const { exit, stdout, stderr } = await fork({ argv, cwd: process.cwd(), env: process.env });
    if (exit !== 0) throw new Error(`${argv.join(" ")} ended with ${exit}\n${stderr}`);
    return stdout.toString();
  }

  close(): void {
    spawnSync("tmux", ["-L", this.socket, "kill-server"]);
  }
}
