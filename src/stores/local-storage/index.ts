export { localStorageStore, type LocalStorageSettings } from "./local-storage-store.ts"
export type { WebStorage } from "./web-storage.ts"
