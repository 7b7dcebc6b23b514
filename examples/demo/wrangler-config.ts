/** What workerd has to know of a Worker's configuration. */
export interface WranglerConfig {
  readonly compatibilityDate: string
  readonly binding: string
  readonly className: string
}

/** Reads `wrangler.jsonc`, whose comments have lines of their own. */
export function readWranglerConfig(text: string): WranglerConfig {
  const config = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ""))
  const [{ name, class_name }] = config.durable_objects.bindings
  return { compatibilityDate: config.compatibility_date, binding: name, className: class_name }
}
