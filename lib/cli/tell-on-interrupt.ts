import { printError } from './output.ts'

/**
 * Ctrl-C ends the waiting alone: what becomes of the work is said, and then the signal does what it always does.
 * @returns takes it back
 */
export function tellOnInterrupt(line: { clear(): void }, goesOn: string): () => void {
  const tell = () => {
    line.clear()
    printError(goesOn)
    process.kill(process.pid, 'SIGINT')
  }
  process.once('SIGINT', tell)
  return () => process.off('SIGINT', tell)
}
