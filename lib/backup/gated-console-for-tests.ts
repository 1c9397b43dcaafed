import { type Gate, openGate } from '#lib/aws/gate-for-tests.ts'
import { sandboxConsole } from './sandbox-console-for-tests.ts'

/** For the tests of one file: `sandboxConsole`, and a gate that all goes through which the console asks of AWS. */
export function gatedConsole() {
  let gate: Gate
  const here = sandboxConsole(undefined, async (endpoint) => {
    gate = await openGate(endpoint)
    return gate
  })
  const hold: Gate['hold'] = (...args) => gate.hold(...args)
  const loseAnswers: Gate['loseAnswers'] = (...args) => gate.loseAnswers(...args)
  return Object.assign(here, { gate: { hold, loseAnswers } })
}
