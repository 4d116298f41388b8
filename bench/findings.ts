/** What the figures mean: written by people, after a look at profiles. */
export const FINDINGS = `## Where the time goes

A profile of \`plan\` on 100,000 nodes (\`capstan plan --profile FILE\`), as shares of the time in which it did something:

1. Reading listings, 20 to 30 %: every byte of 96 MB is looked at, one in six is kept.
2. Starting executables, a fifth: twelve calls. On Linux Node forks, and the kernel copies the page tables of all that
   capstan holds in memory: the more it holds, the more each call costs.
3. Judging who follows, 10 to 18 %: four guards and counts, each a pass over all components.
4. Collecting garbage, 10 to 13 %: a row that is kept is an object and three texts.
5. Printing, 7 %: tables of Unicode are loaded for the first arrow that is measured.

What it was before this was measured for the first time: two thirds of a plan of 100,000 nodes was making a name and a sentence
for each component that follows, four times, of which nothing was shown (3.8 s of CPU and 445 MB, now 1.5 s and 210 MB,
side by side on one machine).

## What is missed, and the next lever

- **Start-up.** \`validate\` loads 1.2 MB of code: YAML, the validators of five kinds, both profiles with their checklists,
  and execa for two calls of git. Next: starting processes with Node's own \`spawn\` in the one place that does it (25 ms of
  CPU, and a part of every call); a profile loaded only where a cluster of its platform is declared.
- **A plan of few nodes.** The same code is loaded before the first call. Next: the calls of the only cluster begin as soon
  as its resource is read.
- **100,000 and 300,000 nodes.** Next: skipping what is not read by \`Buffer.indexOf\`, which looks at many bytes at a time,
  along the indentation that Go prints; one pass for all guards.
- **1,000,000 nodes.** They are read since this page exists; before, a listing of more than 500,000 rows or 512 MB was
  refused. A component is some 230 bytes (id, name and time are texts of their own), a member of the roster as many again,
  and the record of a million is 147 MB of JSON that is parsed whole and checked. Next: components in columns (ids and
  names in one buffer, times as numbers: some 70 bytes), and a record that keeps the roster in a file of its own, a line a
  member, read as a stream.
- **500 clusters.** Not measured whole on a machine that others use; of 100, the 1,200 calls cost 13.7 s of CPU and 203 MB,
  by a shell 4.5 s. Each call costs a fork of all that capstan holds: with 150 MB more, bare Node takes 7.1 s of system time
  for 480 calls in place of 0.8 s. Next: starting executables from a small process of its own; then more than twelve calls
  at a time pay.

Not measured yet: \`apply\` for 50 clusters, the host rotation against a shell loop, calls during a wait, 5,000 override
certificates, the action. A wait polls only kinds that still lag (\`apply/wait.ts\`).`;
