import path from 'node:path'
import type { TestConsole } from './console.ts'
import { expect } from './fixtures.ts'

/** Restores a backup and says in which folder. */
export async function restored(console: TestConsole, id: string): Promise<string> {
  const target = path.join(console.folder, `restored-${id}`)
  const run = await console.byok(['backup', 'restore', id, '--to', target])
  expect(run.code, run.stderr).toBe(0)
  return target
}
