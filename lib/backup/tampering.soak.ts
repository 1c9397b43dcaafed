import { tampering } from './test-tampering.ts'

tampering({ flips: 500, cuts: 200 })
