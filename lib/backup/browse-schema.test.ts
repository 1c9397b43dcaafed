import { expect, test } from 'vitest'
import { downloadQuerySchema } from './browse-schema.ts'

const id = Buffer.from('docs/a.txt').toString('base64url')

test.each<[string, Record<string, unknown>, string | undefined]>([
  ['one file', { as: 'file', path: [id] }, undefined],
  ['everything', { as: 'tar' }, undefined],
  ['some of it', { as: 'tar', path: [id], pattern: ['*.pdf'] }, undefined],
  ['a file that nothing names', { as: 'file' }, 'With as=file goes one path.'],
  ['two files as one', { as: 'file', path: [id, id] }, 'With as=file goes one path.'],
  ['a file by a pattern', { as: 'file', path: [id], pattern: ['*'] }, 'With as=file goes one path.'],
  ['base64 that is not base64url', { as: 'file', path: [`${id}==`] }, expect.stringContaining('base64url')],
  ['an empty path', { as: 'tar', path: [''] }, expect.stringContaining('base64url')],
  ['an empty pattern', { as: 'tar', pattern: [''] }, 'A pattern is empty.'],
  ['a pattern of 8,192 characters', { as: 'tar', pattern: ['x'.repeat(8192)] }, undefined],
  ['a longer one', { as: 'tar', pattern: ['x'.repeat(8193)] }, 'A pattern has at most 8,192 characters.'],
  [
    'a pattern with a control character',
    { as: 'tar', pattern: ['a\tb'] },
    'A pattern has no control characters: write them as the list of files shows them.',
  ],
  ['another form', { as: 'zip' }, 'It is downloaded as=file or as=tar.'],
])('a download of %s', (_, wish, problem) => {
  const { error } = downloadQuerySchema.safeParse({ path: [], pattern: [], ...wish })
  expect(error?.issues[0]?.message).toEqual(problem)
})
