import { test } from 'vitest'
import { soakSize } from '#lib/soak-size-for-tests.ts'
import { interruptAnywhere } from './interrupt-anywhere-for-tests.ts'

test('backups that are interrupted anywhere come back the same', async () => {
  const { seed, runs } = soakSize('Interruptions', 500)
  await interruptAnywhere(runs, seed)
})
