import type { Page } from '@playwright/test'
import type { TestConsole } from './console.ts'
import { expect } from './fixtures.ts'

/** A page shows two of them: those of keys whose deletion other tests rehearsed, which the watch saw, are over first. */
export async function endCountdowns(console: TestConsole): Promise<void> {
  await expect
    .poll(
      async () => {
        const { stdout, stderr } = await console.byok(['key', 'health', '--now', '--json'])
        if (stdout === '') return stderr
        const keys: { arn: string; state: string }[] = JSON.parse(stdout).keys
        return keys.filter(({ state }) => state === 'pending deletion')
      },
      { timeout: 60_000 },
    )
    .toEqual([])
}

export const countdownOn = (page: Page) => page.getByRole('note').filter({ hasText: 'A key will be deleted' })
