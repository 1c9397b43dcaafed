import { expect, test } from 'vitest'
import { csvLine } from './csv-line.ts'

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\0=1', '=HYPERLINK("x")'])('%j is text', (cell) => {
  const [, inner = ''] = /^"(.*)"\r\n$/s.exec(csvLine([cell])) ?? []
  expect(inner.replaceAll('""', '"')).toBe(`'${cell}`)
})

test('commas, quotes and ends of lines stay within their cell', () => {
  expect(csvLine(['a,b', 'say "no"', 'two\r\nlines', '', 'plain = 1'])).toBe(
    '"a,b","say ""no""","two\r\nlines",,plain = 1\r\n',
  )
})
