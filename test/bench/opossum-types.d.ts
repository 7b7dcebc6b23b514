/** The measured part of opossum, since the package has no types. */
declare module "opossum" {
  export default class Opossum {
    constructor(action: (request: () => Promise<unknown>) => Promise<unknown>, options?: object)
    fire(request: () => Promise<unknown>): Promise<unknown>
    open(): void
    shutdown(): void
  }
}
