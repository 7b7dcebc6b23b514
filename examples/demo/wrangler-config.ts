/** The part of a Worker's configuration that workerd needs. */
export interface WranglerConfig {
  readonly compatibilityDate: string
  readonly binding: string
  readonly className: string
}

/** Reads `wrangler.jsonc`. Each comment in it must be on a line of its own. */
export function readWranglerConfig(text: string): WranglerConfig {
  const config = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ""))
  const [{ name, class_name }] = config.durable_objects.bindings
  return { compatibilityDate: config.compatibility_date, binding: name, className: class_name }
}
