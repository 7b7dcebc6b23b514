/** The results as a page in Markdown. */
import { readFile } from "node:fs/promises"
import type { AloneResults, NodeResults, RuntimeResults } from "./results.ts"
import { table, times } from "../table.ts"
import { targets } from "./targets.ts"

const PEERS = ["cockatiel", "opossum"]

export async function report(
  results: readonly RuntimeResults[],
  inNode: NodeResults,
  byItself: Readonly<Record<string, AloneResults>>,
  rounds: number,
): Promise<string> {
  const versions = results.map(({ version }) => version)
  const peers = await Promise.all(PEERS.map(async (name) => `${name} ${await versionOf(name)}`))
  const date = new Date().toISOString().slice(0, 10)
  return `# What a breaker costs

${[...versions, ...peers].join(", ")}; written by \`npm run bench\` on ${date}.

Each number is the median of ${rounds} rounds. In a round everything runs once, in another order, beside the
bare call, and what counts is the ratio to that. Compare numbers of one table with each other, not with those
of another run: how busy the machine is changes them all.

## What it is meant to cost, and what it costs, in Node

By itself: in a process that has breakers of one kind, as most programs do. Among others: in the tables below,
where many kinds of breakers and other libraries take turns in one process.

${await targets(results[0]!, inNode, byItself)}

## A call, as a ratio to the bare call

Closed: beside \`async () => 1\`. Open: a rejection, beside an async function that throws an error made
beforehand.

${calls(results)}

## Failing calls after 10 000 others, and memory, in Node

${failing(inNode)}

Of 10 000 breakers that were used and dropped, the garbage collector left ${inNode.left}.

## \`wrapFetch\`, as a ratio to \`fetch\` on loopback

${fetches(results)}

## As things become many, in Node

${growth(inNode)}
`
}

function calls(results: readonly RuntimeResults[]): string {
  const [first] = results
  const columns = results.flatMap(({ version }) => [`${runtime(version)}: closed`, "open"])
  const rows = Object.keys(first?.calls.closed ?? {}).map((name) => [
    name,
    ...results.flatMap(({ calls: { closed, rejected } }) => [times(closed[name]), times(rejected[name])]),
  ])
  return table(columns, rows)
}

function failing({ failing: ratios, heap }: NodeResults): string {
  const cost = (name: string): string => (name.startsWith("webbreaker, defaults") ? "opens" : times(ratios[name]))
  return table(
    ["failing call", "heap of an idle one, bytes"],
    Object.entries(heap).map(([name, bytes]) => [name, cost(name), String(bytes)]),
  )
}

function fetches(results: readonly RuntimeResults[]): string {
  const names = Object.keys(results[0]?.fetches ?? {})
  return table(
    results.map(({ version }) => runtime(version)),
    names.map((name) => [name, ...results.map((result) => times(result.fetches[name]))]),
  )
}

function growth({ breakers, callWindows, timeWindows }: NodeResults): string {
  const sizes = [...new Set([breakers, callWindows].flatMap((ratios) => Object.keys(ratios)))]
  sizes.sort((a, b) => Number(a) - Number(b))
  const row = (name: string, ratios: NodeResults["breakers"]): string[] => [
    name,
    ...sizes.map((size) => times(ratios[size])),
  ]
  return table(
    sizes.map((size) => Number(size).toLocaleString("en").replaceAll(",", " ")),
    [
      row("a call through each of so many breakers in turn", breakers),
      row("a failing call in a window of the last so many calls", callWindows),
      row("a failing call in a window of so many buckets, each call in a bucket of its own", timeWindows),
    ],
  )
}

function runtime(version: string): string {
  return version.replace(/ .*/, "")
}

async function versionOf(name: string): Promise<string> {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(await readFile(file, "utf8")) as { version: string }).version
}
