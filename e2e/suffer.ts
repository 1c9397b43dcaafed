import path from 'node:path'
import { openSandboxControl } from '#lib/sandbox/open-control.ts'
import type { Fault } from '#lib/sandbox/schema.ts'
import type { TestConsole } from './console.ts'

/** What calls to the console's sandbox suffer from now on, in place of what they suffered before. */
export async function suffer({ dataDir }: TestConsole, ...faults: Fault[]): Promise<void> {
  await openSandboxControl(path.join(dataDir, 'sandbox')).setFaults(faults)
}
