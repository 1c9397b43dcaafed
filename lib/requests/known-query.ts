import { AppError } from '#lib/errors.ts'

/**
 * The query of an address that programs use.
 * @throws AppError `invalid` for a name that is not `known`, or that stands there twice: overlooked, a slip of the pen would
 * store or list something else than was meant
 */
export function knownQuery(address: string, known: readonly string[]): Record<string, string> {
  const { searchParams } = new URL(address)
  for (const name of searchParams.keys()) {
    if (!known.includes(name)) throw refused(`Nothing here is called ?${name}=.`)
    if (searchParams.getAll(name).length > 1) throw refused(`?${name}= can be given once.`)
  }
  return Object.fromEntries(searchParams)
}

const refused = (message: string) => new AppError('invalid', message, { fix: 'docs/api.md shows what it takes.' })
