import { memoryStore } from "../../src/index.ts"
import { storeContract } from "./contract.ts"

storeContract("memoryStore()", () => {
  const store = memoryStore()
  return { client: () => store }
})
