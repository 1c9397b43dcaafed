import { z } from 'zod'
import { plainName } from '#lib/plain-text.ts'

/** One upload's list of files is held whole. */
const mostFiles = 100_000

/** UTF-8 bytes of a string. */
const bytesIn = (text: string) => new TextEncoder().encode(text).length

/** What is wrong with a path inside a backup; undefined: nothing. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'is empty'
  if (path.startsWith('/')) return 'is absolute'
  if (path.includes('\0')) return 'contains a NUL character'
  if (!path.isWellFormed()) return 'is not well-formed Unicode'
  if (bytesIn(path) > 4096) return 'has more than 4,096 bytes'
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..') return `has the part “${part}”`
    if (bytesIn(part) > 255) return 'has a part of more than 255 bytes'
  }
  return undefined
}

/** The order of a tree: part after part, each by its UTF-8 bytes, which is that of its code points. */
export function compareTreePaths(one: string, other: string): number {
  const [a, b] = [one.split('/'), other.split('/')]
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const order = compareCodePoints(a[at] ?? '', b[at] ?? '')
    if (order !== 0) return order
  }
  return a.length - b.length
}

function compareCodePoints(one: string, other: string): number {
  const [a, b] = [[...one], [...other]]
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const order = (a[at]?.codePointAt(0) ?? 0) - (b[at]?.codePointAt(0) ?? 0)
    if (order !== 0) return order
  }
  return a.length - b.length
}

const uploadName = z
  .string('Give the backup a name: ?name=…')
  .trim()
  .min(1, 'Give the backup a name: ?name=…')
  .max(2000, 'A name has at most 2,000 characters.')
  .regex(plainName, 'A name has no control characters.')

/** What a file is called in its backup when nobody says. */
export const unnamedUpload = 'upload'

/** The query of `PUT /api/v1/backups`. */
export const putQuerySchema = z.object({
  name: uploadName,
  /** What the file is called in the backup. */
  path: z
    .string()
    .default(unnamedUpload)
    .superRefine((path, context) => {
      const problem = path.includes('/') ? 'is more than a file’s name' : pathProblem(path)
      if (problem) context.addIssue({ code: 'custom', message: `The path “${path}” ${problem}.` })
    }),
})
export const postQuerySchema = z.object({ name: uploadName })

const noList = 'The field “files” is not a JSON list of { path, size, mtime }.'
const noSuchSize = 'A file’s size is its whole number of bytes.'
const noSuchTime = 'A file’s mtime is in milliseconds since 1970, from -8.64e15 to 8.64e15.'

/** The first field of `POST /api/v1/backups`: what follows, in the order of a tree. */
export const fileListSchema = z
  .array(
    z.object(
      {
        path: z.string('A file’s path is a text.'),
        /** Bytes. */
        size: z.int(noSuchSize).min(0, noSuchSize),
        /** Milliseconds since 1970. */
        mtime: z.number(noSuchTime).min(-8.64e15, noSuchTime).max(8.64e15, noSuchTime).optional(),
      },
      noList,
    ),
    noList,
  )
  .min(1, 'The list of files is empty.')
  .max(mostFiles, `At most ${mostFiles} files in one upload.`)
  .superRefine((files, context) => {
    const refuse = (path: string, problem: string) =>
      context.addIssue({ code: 'custom', message: `The path “${path.slice(0, 300)}” ${problem}.` })
    let last: string | undefined
    for (const { path } of files) {
      const problem = pathProblem(path)
      if (problem) return refuse(path, problem)
      if (last !== undefined) {
        const order = compareTreePaths(last, path)
        if (order === 0) return refuse(path, 'is there twice')
        if (order > 0) return refuse(path, 'is out of order: folders and files come by name, as in a tree')
        if (path.startsWith(`${last}/`)) return refuse(last, 'is a file and a folder')
      }
      last = path
    }
  })
export type ListedFile = z.infer<typeof fileListSchema>[number]
