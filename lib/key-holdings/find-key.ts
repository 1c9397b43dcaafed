import { AppError } from '#lib/errors.ts'
import type { KeyRow } from './schema.ts'

/**
 * The key that somebody means by its ARN, key ID, or an alias that was typed for it.
 * @throws AppError `not-found`; `invalid` when several are meant
 */
export function findKey(keys: readonly KeyRow[], text: string): KeyRow {
  const exact = keys.filter(({ arn }) => arn === text || arn.endsWith(`/${text}`))
  const called = (inForce: boolean) =>
    keys.filter(({ aliases }) => aliases.some((alias) => alias.name === text && (alias.inForce || !inForce)))
  const [key, ...more] = [exact, called(true), called(false)].find((found) => found.length > 0) ?? []
  if (!key)
    throw new AppError('not-found', `No backup, no revision and no seal of this console names a key “${text}”.`, {
      fix: 'byok key list shows those that were ever used here.',
    })
  if (more.length > 0)
    throw new AppError(
      'invalid',
      `“${text}” was typed for several keys: ${[key, ...more].map(({ arn }) => arn).join(', ')}.`,
      {
        fix: 'Name one of them by its ARN.',
      },
    )
  return key
}
