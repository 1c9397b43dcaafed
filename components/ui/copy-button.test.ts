import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { CopyButton } from './copy-button.tsx'

test('what is copied names the button, and is no part of what is read by itself', () => {
  const drawn = renderToStaticMarkup(createElement(CopyButton, { text: 'x', what: 'the policy' }))
  expect(drawn).toContain('<span aria-live="polite">Copy</span><span class="sr-only"> the policy</span>')
})
