import { test } from 'vitest'

/** The suite is pointed at a real account: see docs/sandbox.md. */
export const onAws = process.env.VAULT_CONTRACT === 'aws'

/** Registers a test that must not or cannot run against a real account, and says why there. */
export function sandboxOnly(why: string): (name: string, run: () => Promise<void> | void) => void {
  return (name, run) => {
    if (onAws) test.skip(`${name} (not on AWS: ${why})`)
    else test(name, run)
  }
}
