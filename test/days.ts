import { spawnSync } from "node:child_process";
import { argv, env, execPath, exit, stderr } from "node:process";

/**
 * The suite on other days than this one: `npm run test:days -- [DAY…] [PATH…]`. A day is `2027-06-01` or
 * `2027-03-28T00:59:30Z`; without one, the days below are taken, without a path, all tests. Needs Debian's `faketime`.
 */
const DAY_MS = 24 * 3_600_000;

const words = argv.slice(2);
const isDay = (word: string) => /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(word);
const given = words
  .filter(isDay)
  .map((day) => ({ name: day, at: Date.parse(day.length === 10 ? `${day}T12:00:00Z` : day) }));
const paths = words.filter((word) => !isDay(word));

/** Whatever was made for a year, or on a day that not every year has, or over an hour that is there twice or never. */
function otherDays(now: number): typeof given {
  const year = new Date(now).getUTCFullYear() + 1;
  const leap = [0, 1, 2, 3]
    .map((more) => year + more)
    .find((one) => new Date(Date.UTC(one, 1, 29)).getUTCMonth() === 1);
  return [
    { name: "next year", at: now + 365 * DAY_MS },
    { name: "29 February", at: Date.UTC(leap ?? year, 1, 29, 23, 58) },
    { name: "the clock goes forward", at: lastSunday(year, 2) + 3_600_000 - 30_000 },
    { name: "the clock goes back", at: lastSunday(year, 9) + 3_600_000 - 30_000 },
    { name: "ten years on", at: now + 3_653 * DAY_MS },
  ];
}

/** Midnight in UTC; at one o'clock Europe changes. */
function lastSunday(year: number, month: number): number {
  const last = Date.UTC(year, month + 1, 0);
  return last - new Date(last).getUTCDay() * DAY_MS;
}

const failed: string[] = [];
for (const { name, at } of given.length > 0 ? given : otherDays(Date.now())) {
  const offset = Math.round((at - Date.now()) / 1000);
  stderr.write(`\n${name}: ${new Date(at).toISOString()}\n`);
  const vitest = [execPath, "node_modules/vitest/vitest.mjs", "run", ...paths];
  // An offset, so that every process has the same time and it goes on; what is measured stays as it is.
  const { status, error } = spawnSync("faketime", ["-f", `${offset < 0 ? "" : "+"}${offset}s`, ...vitest], {
    stdio: "inherit",
    env: { ...env, TZ: "Europe/Vienna", FAKETIME_DONT_FAKE_MONOTONIC: "1" },
  });
  if (error !== undefined) {
    stderr.write(`faketime cannot be run (${error.message}): \`apt-get install faketime\`\n`);
    exit(1);
  }
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  stderr.write(`\nfailed on: ${failed.join(", ")}\n`);
  exit(1);
}
