import type { StaticFile } from "../../examples/origin/static-files.ts"
import { launch } from "../browsers/launch.ts"
import { DEFAULT_LIMIT, noResults, type Runner } from "../runtimes/runner.ts"
import type { BrowserName, CaseResult, SuiteConfig } from "../runtimes/suite.ts"

interface Outcome {
  readonly results?: CaseResult[]
  readonly error?: string
}

/**
 * Makes the runner for a browser: a page of `config.origin` loads the suite as a module and runs
 * it.
 *
 * @param files - What that origin serves; the page and the suite are added.
 */
export function browserRunner(browser: BrowserName, files: Record<string, StaticFile>): Runner {
  return async (bundle, config, { limit = DEFAULT_LIMIT } = {}) => {
    files[`/${browser}.mjs`] = { type: "text/javascript", body: bundle }
    files[`/${browser}.html`] = { type: "text/html", body: page({ ...config, runtime: browser }) }
    const { newTab, close } = await launch(browser)
    try {
      const tab = await newTab(`${config.origin}/${browser}.html`)
      const { results, error } = await tab.waitFor<Outcome>("outcome", limit)
      if (results) return results
      throw noResults(browser, error ?? "it says nothing", tab.consoleErrors.join("\n"))
    } finally {
      await close()
    }
  }
}

// The suite is imported by a script, so that the page finishes loading while the suite still runs, and an error
// of loading the module is reported too.
function page(config: SuiteConfig): string {
  return `<!doctype html>
<title>The suite in ${config.runtime}</title>
<script>
  import("/${config.runtime}.mjs")
    .then(({ run }) => run(${JSON.stringify(config)}))
    .then((results) => ({ results }), (error) => ({ error: String(error) }))
    .then((value) => { window.outcome = value })
</script>`
}
