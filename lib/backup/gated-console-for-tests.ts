import { afterEach } from 'vitest'
import { type Gate, openGate } from '#lib/aws/gate-for-tests.ts'
import type { EnvironmentInput } from '#lib/environment/schema.ts'
import { sandboxConsole } from './sandbox-console-for-tests.ts'

/**
 * For the tests of one file: `sandboxConsole`, and a gate that all goes through which the console asks of AWS. After each
 * test it is open again: what a test that failed held back does not make the next ones fail as well.
 */
export function gatedConsole(saved?: Partial<EnvironmentInput>) {
  let gate: Gate
  const here = sandboxConsole(saved, async (endpoint) => {
    gate = await openGate(endpoint)
    return gate
  })
  // There is none where beforeAll failed, which is what should be told.
  afterEach(() => gate?.open())
  const hold: Gate['hold'] = (...args) => gate.hold(...args)
  const loseAnswers: Gate['loseAnswers'] = (...args) => gate.loseAnswers(...args)
  return Object.assign(here, { gate: { hold, loseAnswers } })
}
