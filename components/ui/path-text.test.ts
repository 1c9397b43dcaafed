import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { Path, PathText } from './path-text.tsx'

const drawn = (path: string) => renderToStaticMarkup(createElement(PathText, { path }))

test('each part of a path that is read from right to left stands in its place by itself', () => {
  expect(drawn('/srv/גיבוי/حسابات/2026')).toBe(
    '<bdi></bdi>/<bdi>srv</bdi>/<bdi>גיבוי</bdi>/<bdi>حسابات</bdi>/<bdi>2026</bdi>',
  )
  expect(drawn('/srv/accounts/été/日本')).toBe('/srv/accounts/été/日本')
})

test('what is shown on hover turns nothing round either', () => {
  const path = '/in/invoice\u202efdp.exe'
  expect(renderToStaticMarkup(createElement(Path, { path, className: 'x' }))).toContain('title="/in/invoice�fdp.exe"')
})

test('a character that turns round what follows is shown in its place', () => {
  expect(drawn('/in/invoice\u202efdp.exe')).toBe('/in/invoice�fdp.exe')
})
