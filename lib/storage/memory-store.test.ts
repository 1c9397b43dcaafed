import { objectStoreContract } from './contract.ts'
import { MemoryStore } from './memory-store.ts'

objectStoreContract('MemoryStore', () => new MemoryStore())
