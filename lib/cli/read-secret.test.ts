import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, test } from 'vitest'

const program = `import { readSecrets } from ${JSON.stringify(path.join(import.meta.dirname, 'read-secret.ts'))}
try { console.log(JSON.stringify(await readSecrets('Password', { isNew: 'Passphrase' }))) } catch (error) { console.log(error.message) }`

/** What it says on a terminal where this is typed, an answer for each question. */
async function onTerminal(answers: readonly string[]): Promise<string> {
  const command = `'${process.execPath}' --disable-warning=ExperimentalWarning --input-type=module-typescript -e "$PROGRAM"`
  const child = spawn('script', ['--quiet', '--command', command, '/dev/null'], {
    env: { ...process.env, PROGRAM: program },
    cwd: import.meta.dirname,
  })
  const left = [...answers]
  let said = ''
  let asked = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    for (const questions = said.split(': ').length - 1; asked < questions; asked += 1)
      child.stdin.write(`${left.shift() ?? ''}\r`)
  })
  await once(child, 'close')
  return said
}

test('on a terminal what is new is typed twice, and nothing of it is shown', async () => {
  expect(await onTerminal(['one', 'two', 'two'])).toMatch(
    /^Password: \r\nPassphrase: \r\nPassphrase again: \r\n\["one","two"\]/,
  )
  expect(await onTerminal(['one', 'two', 'tow'])).toMatch(/again: \r\nThe two are not the same\./)
})
