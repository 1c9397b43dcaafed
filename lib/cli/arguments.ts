import { existsSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { AppError } from '#lib/errors.ts'

// What a value of the command line may be; whatever else is bad usage.

/** For options that may be given several times: `--key A --key B`. Not `<keys...>`, which would take what comes after. */
export function severalTimes(value: string, before: string[] = []): string[] {
  return [...before, value]
}

/** A variable of a shell that is not set must not become the current folder. */
export function notEmpty(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('It is empty: is a variable of the shell not set?')
  return value
}

/**
 * Of this machine. Node hands a command line on as text, in which U+FFFD stands for every byte that is not UTF-8: what was
 * meant is gone, and another name would be looked for, or made.
 * @param instead a sentence: what to do
 */
const aPath = (instead: string) => (value: string) => {
  if (!notEmpty(value).includes('\ufffd') || existsSync(value)) return value
  throw new InvalidArgumentError(
    `It has bytes that are not UTF-8, and these do not come through a command line. ${instead}`,
  )
}

export const aSource = aPath(
  'Back up the folder above it: with --include, and a ? for each such byte, it is this alone.',
)

export const aTarget = aPath('Name another folder.')

/** For arguments that may be several: none of them empty. */
export function severalNotEmpty(value: string, before: string[] = []): string[] {
  return [...before, notEmpty(value)]
}

/** In digits alone: whoever writes 1e1 or 0x10 hardly means what JavaScript makes of it. */
export function digits(text: string): number | undefined {
  const value = Number(text)
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined
}

export function wholeNumber(text: string): number {
  const value = digits(text)
  if (value === undefined || value < 1) throw new InvalidArgumentError('It is not a whole number from 1 on.')
  return value
}

/**
 * What a schema says, each sentence behind the option that it is about.
 * @param argument the field that is an argument, and so has no name
 */
export function refusedInput({ issues }: z.ZodError, argument = ''): AppError {
  const sentences = issues.map(({ path: [field], message }) =>
    field === undefined || field === argument ? message : `--${String(field)}: ${message}`,
  )
  return new AppError('invalid', sentences.join(' '))
}

/** The ID of whatever it is: of those that are there, the database knows. */
export function anId(text: string): string {
  if (!z.uuid().safeParse(text).success) throw new InvalidArgumentError('It is not an ID.')
  return text
}

/** A day begins at midnight UTC. */
export function aTime(text: string): Date {
  if (!z.union([z.iso.date(), z.iso.datetime({ offset: true })]).safeParse(text).success)
    throw new InvalidArgumentError('It is not a time such as 2026-01-31 or 2026-01-31T08:30:00Z.')
  return new Date(text)
}
