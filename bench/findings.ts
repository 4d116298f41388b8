/** What the figures mean: written by people, after a look at profiles. */
export const FINDINGS = `## Where the time goes

A profile of \`plan\` on 100,000 nodes (\`capstan plan --profile FILE\`), as shares of the time in which it did something:

1. Reading listings, a third: every byte of 96 MB is looked at, one in six is kept.
2. Keeping rows, 15 %: ids and names go into columns.
3. Judging who follows, with the first roster, 12 %.
4. Collecting garbage, 9 %.
5. Starting executables, 9 %: twelve calls. On Linux Node forks, and the kernel copies the page tables of all that
   capstan holds in memory.

A plan of four nodes takes 280 ms of processor time where it took 440 (side by side, on one machine): starting executables
through a package cost as much again as starting them, importing \`node:process\` and \`node:fs\` loaded all streams, the
first arrow that was printed loaded the tables of Unicode, and \`node:https\` was loaded for probes that nobody had declared.
What is left in capstan itself is 25 ms of bare Node, 70 to load 2 MB of code, 30 to read the resources, 2 a call for eighteen
calls, and 30 to plan and print, most of it code that runs once.

What it was before anything was measured: two thirds of a plan of 100,000 nodes was making a name and a sentence for each
component that follows, four times, of which nothing was shown.

## What was tried and does not pay

- **One file in place of lazily loaded pieces**: \`validate\` takes 240 ms of processor time in place of 175, as Node reads and
  checks all of 4.6 MB.
- **Files put together** so that \`validate\` loads ten in place of forty: 5 ms.
- **A small process that starts executables** for capstan. A call costs 1.5 ms out of a process of 58 MB, and 2.4 out of one with
  150 MB more: it could win 1 ms a call at most, where a shell script with \`sleep\` and \`cat\` itself takes 4, and would have to be
  trusted with signals, pipes and the end of everything that it started. The 13 ms a call that were measured
  once were not seen again.
- **A start-up snapshot** belongs to one build of Node; a package runs on whatever Node there is.
- **More than twelve calls at a time**: on two cores a fleet is bound by the processor at twelve, as its CPU says above.

## What is missed, and the next lever

- **Start-up.** \`validate\` loads 1.1 MB of code: YAML, the validators of all kinds, both profiles with their checklists. With the
  two calls of git and parsing, which a second run in the same process still takes 23 ms for, 3 × bare Node leaves 25 ms for
  loading all of it. Next: a validator loaded only where its kind occurs, and a profile where a cluster of its platform is declared.
- **A plan of few nodes.** The same code is loaded before the first call. Next: the planner and what prints loaded while the calls
  run, and the calls of the only cluster begun as soon as its resource is read.
- **100,000 nodes and more.** The figures are from before components were kept in columns; a single plan of 100,000 since then
  took 132 MB. Next: skipping what is not read by \`Buffer.indexOf\`, along the indentation that Go prints.
- **A host rotation against a shell loop.** The shell asks for nodes alone. capstan looks at everything before a step and after
  it: of its 2 s a phase, on a machine with a load of 29, 1 is pauses that grow between polls. Next: pauses that stay short at first.
- **Apply for 50 clusters.** They wait side by side; what is left is processor time, 0.4 s a cluster (a third of what one
  alone takes). Next: on more cores than two it is worth a
  measurement; on two, fewer whole looks.
- **7,500 resources.** Each document is parsed once, checked by its schema and compared with the others. Next: a profile of
  what comes after parsing.

Not measured yet: the action until its first call. A wait polls only kinds that still lag (\`apply/wait.ts\`).`;
