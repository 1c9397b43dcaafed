import { openRoughNetwork, type RoughNetwork } from '#lib/aws/rough-network-for-tests.ts'
import { keyArn, openTestSandbox, type TestSandbox } from '#lib/sandbox/open-test-sandbox.ts'
import { openTestConsole, type TestConsole } from './console-for-tests.ts'

/** A console, and an AWS of its own behind a network that can be made bad. */
export interface Lane {
  readonly sandbox: TestSandbox
  readonly network: RoughNetwork
  readonly console: TestConsole
  calm(): Promise<void>
  close(): Promise<void>
}

export async function openLane(): Promise<Lane> {
  const sandbox = await openTestSandbox()
  const network = await openRoughNetwork(sandbox.sandbox.endpoint)
  const console = await openTestConsole({ endpoint: network.endpoint, credentials: sandbox.administrator })
  await console.save({ masterKey: keyArn(sandbox.info, 'backups') })
  return {
    sandbox,
    network,
    console,
    async calm() {
      network.setWeather(undefined)
      await sandbox.control('DELETE', 'faults')
    },
    async close() {
      await console.close()
      await network.close()
      await sandbox.close()
    },
  }
}
