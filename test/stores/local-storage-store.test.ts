import { localStorageStore } from "../../src/stores/local-storage/index.ts"
import { storeContract } from "./contract.ts"
import { FakeStorage } from "./fake-storage.ts"

storeContract("localStorageStore()", () => {
  const storage = new FakeStorage()
  return { client: () => localStorageStore({ storage }) }
})
