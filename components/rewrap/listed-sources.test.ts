import { expect, test } from 'vitest'
import { listedSources } from './listed-sources.ts'

const keys = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `key ${index}`, backups: 10_000 - index, bytes: 1 }))
const own = { name: 'AES-256', backups: 1, bytes: 1 }

test('of many keys those with the most backups are listed, and always the console’s own root keys', () => {
  const { sources, further } = listedSources([...keys(250), own])
  expect(sources).toEqual([...keys(200), own])
  expect(further).toBe(50)
  expect(listedSources([...keys(3), own])).toEqual({ sources: [...keys(3), own], further: 0 })
})
