import { tampering } from './test-tampering.ts'

// The soak of the same name asks for the full numbers.
tampering({ flips: 25, cuts: 12 })
