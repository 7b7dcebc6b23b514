/** Prints the address of the page, and what to try first. */
export function greet(url: string): void {
  console.log(`
webbreaker: a page, a Worker in four isolates, and one origin that fails on command.

  ${url}

Open it and press "Run the tour": the origin fails and comes back within a minute.
Open it in a second tab: both know the same at once, and probe the origin like one.
Let the origin hang, and reload the page while the breaker is open: it still is.
Ctrl-C stops everything.
`)
}

export function warnOfPort(wanted: number, taken: number): void {
  console.log(`Port ${wanted} is in use; ${taken} is taken instead.`)
}
