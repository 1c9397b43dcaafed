import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { LongList } from './long-list.tsx'

const drawn = (entries: number) =>
  renderToStaticMarkup(
    LongList({
      of: 'more problem',
      children: Array.from({ length: entries }, (_, index) =>
        createElement('li', { key: index }, `entry ${index + 1}`),
      ),
    }),
  )

test('of a long list the first five stand open, and how many more there are is said', () => {
  const [before = '', folded = ''] = drawn(50).split('<details')
  expect(before.match(/entry \d+/g)).toEqual(['entry 1', 'entry 2', 'entry 3', 'entry 4', 'entry 5'])
  expect(folded).toContain('>45 more problems</summary>')
  expect(folded.match(/entry \d+/g)).toHaveLength(45)
})

test('nothing is folded away where that would save next to nothing', () => {
  expect(drawn(7)).not.toContain('<details')
  expect(drawn(7).match(/entry \d+/g)).toHaveLength(7)
  expect(drawn(8)).toContain('>3 more problems</summary>')
})
