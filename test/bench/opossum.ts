/** The contender that uses Node's own modules, and so does not run in browsers. */
import Opossum from "opossum"
import type { Contender } from "./contenders.ts"

const opossum = (options?: object): Contender<Opossum> => ({
  create: () =>
    new Opossum((request) => request(), { errorThresholdPercentage: 100, volumeThreshold: 1e9, ...options }),
  execute: (breaker, request) => breaker.fire(request),
  open: (breaker) => breaker.open(),
  dispose: (breaker) => breaker.shutdown(),
})

export const opossums: Readonly<Record<string, Contender>> = {
  "opossum, lean": opossum({ timeout: false, rollingPercentilesEnabled: false, enableSnapshots: false }),
  "opossum, defaults": opossum(),
}
