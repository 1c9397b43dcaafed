import { expect, test } from 'vitest'
import { isWithin } from './is-within.ts'

test.each([
  ['/srv', '/srv', true],
  ['/srv', '/srv/data', true],
  ['/srv/', '/srv/data/', true],
  ['/', '/srv', true],
  ['/srv', '/srv/..data', true],
  ['/srv', '/srv-other', false],
  ['/srv', '/', false],
  ['/srv', '/srv/../etc', false],
  ['/srv/data', '/srv', false],
  ['/srv', '/etc', false],
])('%s holds %s: %s', (outer, inner, expected) => {
  expect(isWithin(outer, inner)).toBe(expected)
})
