export { localStorageStore, type LocalStorageSettings } from "./local-storage-store.ts"
