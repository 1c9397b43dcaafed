import fc from 'fast-check'
import ignore from 'ignore'
import { expect, test } from 'vitest'
import { PathPatterns } from './path-patterns.ts'

/** A folder ends with `/`. */
const matches = (patterns: readonly string[], path: string) =>
  new PathPatterns(patterns).match(path.replace(/\/$/, ''), path.endsWith('/'))

test.each([
  ['*.log', ['a.log', 'x/a.log', 'x/a.log/b'], ['a.logs', 'log']],
  ['/a', ['a', 'a/b'], ['x/a']],
  ['a/b', ['a/b', 'a/b/c'], ['x/a/b', 'a']],
  ['a/', ['a/', 'x/a/', 'a/b'], ['a', 'x/a']],
  ['**/a', ['a', 'x/a', 'x/y/a/z'], ['ab']],
  ['a/**', ['a/b', 'a/b/'], ['a/', 'x/a/b']],
  ['a/**/', ['a/b/', 'a/b/c'], ['a/', 'a/b']],
  ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b/c'], ['a/', 'x/a/b']],
  ['**', ['a', 'a/'], []],
  ['a**b', ['ab', 'axb'], ['a/b']],
  ['a?c', ['abc', 'aéc', 'a🔑c'], ['ac', 'a/c']],
  ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
  ['[!a-c]x', ['dx'], ['ax', 'x']],
  ['[]a]x', [']x', 'ax'], ['bx']],
  ['[[:digit:]]', ['7'], ['a', ':']],
  ['[[:nothing:]]', [], ['n', ':']],
  ['[a', [], ['[a', 'a']],
  ['\\*', ['*'], ['a']],
  ['\\!a', ['!a'], ['a']],
  ['a\\', [], ['a', 'a\\']],
  ['a\\/b', ['a/b', 'a/b/c'], ['x/a/b', 'a']],
  ['a\\/*.log', ['a/k.log'], ['a/x/k.log']],
  ['**\\/b', ['x/b', 'x/y/b'], ['ab']],
  ['\\/a', [], ['a']],
  ['a/\\/b', [], ['a/b']],
  ['a\\ ', ['a '], ['a']],
  ['a  ', ['a'], ['a  ']],
  ['a//b', [], ['a/b']],
  ['a.b', ['a.b'], ['axb']],
  ['', [], ['a']],
  ['!', [], ['a']],
  ['/', [], ['a', 'a/']],
] as const)('“%s”', (pattern, yes, no) => {
  expect(yes.filter((path) => matches([pattern], path) !== pattern)).toEqual([])
  expect(no.filter((path) => matches([pattern], path) !== undefined)).toEqual([])
})

test('the first one that matches is told; what begins with ! takes away what was matched before it', () => {
  expect(matches(['b', 'a*', 'ab'], 'ab')).toBe('a*')
  expect(matches(['a*', '!ab'], 'ab')).toBeUndefined()
  expect(matches(['a*', '!ab', 'ab'], 'ab')).toBe('ab')
  // What lies in a folder that is matched stays with it.
  expect(matches(['a', '!b'], 'a/b')).toBe('a')
})

test('it matches what the package “ignore” does, in whatever order it is asked', () => {
  const piece = fc.constantFrom(
    ...['a', 'b', 'ab', '*', '**', '?', '/', '/**/', '**/', '/**', '[ab]', '[!a]', '[a-b]', '[]a]', '[[:alpha:]]'],
    ...['[a', '[b-a]', '\\*', '\\a', '\\', '!', 'b*', '*a*', ' ', 'é', '.', '(', '$', '-'],
  )
  const pattern = fc
    .array(piece, { minLength: 1, maxLength: 6 })
    .map((pieces) => pieces.join(''))
    // A slash behind a backslash is one to git and here, and none to the package.
    .filter((text) => text.trim() !== '' && !text.includes('\\/'))
  const name = fc.constantFrom('a', 'b', 'ab', 'aab', '*', '.a', 'é', 'bb', '(', '$', '-', '\\')
  const path = fc.tuple(fc.array(name, { minLength: 1, maxLength: 5 }), fc.boolean())
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 4 }),
      fc.array(path, { minLength: 1, maxLength: 8 }),
      (patterns, paths) => {
        const known = ignore({ ignorecase: false, allowRelativePaths: true }).add(patterns)
        const own = new PathPatterns(patterns)
        for (const [names, isFolder] of paths) {
          const text = names.join('/')
          expect(own.match(text, isFolder) !== undefined, `${JSON.stringify(patterns)} ${text}`).toBe(
            known.ignores(isFolder ? `${text}/` : text),
          )
        }
      },
    ),
    { numRuns: 2000 },
  )
})

// Whoever may restore could stop the console for good: matched by trying everything, these take longer than anybody lives.
test.each([
  [`${'**/a/'.repeat(200)}b`, `${'a/'.repeat(2040)}c`],
  [`${'**/*/'.repeat(200)}b`, `${'a/'.repeat(2040)}c`],
  [`${'*a'.repeat(500)}b`, 'a'.repeat(4000)],
  [`${'*[ab]?'.repeat(200)}c`, 'a'.repeat(4000)],
])('a pattern that is made to take long does not: %.12s…', (pattern, path) => {
  expect(matches([pattern], path)).toBeUndefined()
})
