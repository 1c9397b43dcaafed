import { createInterface } from 'node:readline/promises'

/**
 * Secrets, asked for one after the other, or one a line where standard input is not a terminal. Never from the arguments:
 * those are seen by everybody on the machine and kept in the shell's history.
 */
export async function readSecrets(...labels: string[]): Promise<string[]> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) {
    let text = ''
    for await (const piece of stdin.setEncoding('utf8')) text += piece
    const lines = text.split(/\r?\n/)
    return labels.map((_, index) => lines[index] ?? '')
  }
  const secrets: string[] = []
  for (const label of labels) {
    stderr.write(`${label}: `)
    const lines = createInterface({ input: stdin, terminal: true })
    try {
      secrets.push(await lines.question(''))
    } finally {
      lines.close()
      stderr.write('\n')
    }
  }
  return secrets
}
