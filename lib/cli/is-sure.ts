import { createInterface } from 'node:readline/promises'
import { AppError } from '#lib/errors.ts'

/** @param otherwise what to do where there is no terminal to ask on */
export async function isSure(question: string, otherwise: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new AppError('invalid', 'There is no terminal to ask on.', { fix: otherwise })
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await lines.question(`${question} Type yes: `)).trim() === 'yes'
  } finally {
    lines.close()
  }
}
