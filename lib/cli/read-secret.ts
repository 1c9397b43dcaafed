import { createInterface, type Interface } from 'node:readline/promises'
import { AppError } from '#lib/errors.ts'

/** What to ask for. What is new is asked for twice on a terminal: nobody sees what they type, and a slip would be kept. */
type Question = string | { readonly isNew: string }

/**
 * Secrets, asked for one after the other, or one a line where standard input is not a terminal. Never from the arguments:
 * those are seen by everybody on the machine and kept in the shell's history.
 * Throws AppError `invalid` for a new one that was not typed alike twice.
 */
export async function readSecrets(...questions: Question[]): Promise<string[]> {
  const { stdin } = process
  if (!stdin.isTTY) {
    let text = ''
    for await (const piece of stdin.setEncoding('utf8')) text += piece
    const lines = text.split(/\r?\n/)
    return questions.map((_, index) => lines[index] ?? '')
  }
  // Before the first question, and one for all: between two the terminal would show what is typed early.
  const lines = createInterface({ input: stdin, terminal: true })
  try {
    const secrets: string[] = []
    for (const question of questions) {
      const isNew = typeof question !== 'string'
      const label = isNew ? question.isNew : question
      const secret = await ask(lines, label)
      if (isNew && secret !== (await ask(lines, `${label} again`)))
        throw new AppError('invalid', 'The two are not the same.', { fix: 'Nothing was changed: run it again.' })
      secrets.push(secret)
    }
    return secrets
  } finally {
    lines.close()
  }
}

async function ask(lines: Interface, label: string): Promise<string> {
  process.stderr.write(`${label}: `)
  const answer = await lines.question('')
  process.stderr.write('\n')
  return answer
}
