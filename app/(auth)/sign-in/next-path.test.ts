import { expect, test } from 'vitest'
import { nextPath } from './next-path.ts'

test.each(['/', '/backups', '/backups?state=failed&text=a%20b', '/a/b'])('%s stays', (path) => {
  expect(nextPath(path)).toBe(path)
})

test.each([
  undefined,
  ['/a', '/b'],
  '',
  'backups',
  'https://example.test/',
  '//example.test',
  '/\\example.test',
  '\\\\example.test',
  '/\t/example.test',
  '/\n\\example.test',
  'javascript:alert(1)',
])('%j goes to the overview', (path) => {
  expect(nextPath(path)).toBe('/')
})

test('a path that becomes another host once written out does not leave', () => {
  expect(new URL(nextPath('/..//example.test'), 'http://console.invalid').origin).toBe('http://console.invalid')
})
