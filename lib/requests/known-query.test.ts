import { expect, it } from 'vitest'
import { knownQuery } from './known-query.ts'

const of = (query: string) => knownQuery(`http://localhost/api/v1/backups${query}`, ['name', 'path'])

it('gives what is known', () => {
  expect(of('')).toEqual({})
  expect(of('?name=a%20b&path=')).toEqual({ name: 'a b', path: '' })
})

it.each([
  ['?name=x&paht=y', 'Nothing here is called ?paht=.'],
  ['?one=1&other=2', 'Nothing here is called ?one=.'],
  ['?constructor=1', 'Nothing here is called ?constructor=.'],
  ['?__proto__=1', 'Nothing here is called ?__proto__=.'],
  ['?name=a&name=b', '?name= can be given once.'],
])('refuses %s', (query, message) => {
  expect(() => of(query)).toThrow(expect.objectContaining({ code: 'invalid', message }))
})
