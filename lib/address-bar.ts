import { z } from 'zod'
import { noControlCharacters } from './plain-text.ts'

// What lists are asked for stands in the page's address: typed by a person or kept as a bookmark of another version.

/** A field of it that may be absent. What makes no sense is ignored, never an error. */
export const maybe = <T extends z.ZodType>(field: T) => field.optional().catch(undefined)

/** What to search for. */
export const searchText = (most: number) => maybe(z.string().trim().min(1).max(most).regex(noControlCharacters))

/** From 1, of lists whose pages are numbered. */
export const pageNumber = z.coerce.number().int().min(1).max(10_000).catch(1)
