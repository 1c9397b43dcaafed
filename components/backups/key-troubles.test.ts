import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { BackupDetail } from '#lib/backup/schema.ts'
import { KeyTroubles } from './key-troubles.tsx'
import { StateBadge } from './state-badge.tsx'

const arn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const diagnosis = {
  title: 'Decrypt was refused by the key policy',
  detail: 'KMS said no.',
  cause: 'A Deny covers it.',
  who: 'key policy' as const,
  fix: 'Remove the Deny.',
}
type Trouble = BackupDetail['keyTroubles'][number]
const trouble = (more: Partial<Trouble> = {}): Trouble => ({
  arn,
  state: 'refused',
  since: '2026-11-20T08:00:00.000Z',
  checkedAt: '2026-11-20T08:30:00.000Z',
  diagnosis,
  ...more,
})

/** What is read, without the drawing. */
function read(locked: boolean, keyTroubles: readonly Trouble[]): string {
  // Of a backup it looks at these two.
  const backup = { locked, keyTroubles } as BackupDetail
  return renderToStaticMarkup(createElement(KeyTroubles, { backup }))
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
}
const badge = (props: Parameters<typeof StateBadge>[0]) =>
  renderToStaticMarkup(createElement(StateBadge, props)).replace(/<[^>]+>/g, '')

test('a backup that no key opens says so, and that it takes one of its keys', () => {
  const text = read(true, [trouble()])
  expect(text).toContain('No key opens this backup now')
  expect(text).toContain('Nothing can be restored from it until one of its keys works again.')
  expect(text).toContain('What happened Decrypt was refused by the key policy. KMS said no.')
  expect(text).toContain('Cause A Deny covers it.')
  expect(text).toContain('To mend it Remove the Deny.')
  expect(text).not.toContain('has it to copy')
  expect(text).not.toContain('Another of its keys')
})

test('where another key may open it, it does not say that nothing does', () => {
  const text = read(false, [trouble()])
  expect(text).toContain('A key of this backup opens nothing now')
  expect(text).toContain('Another of its keys may open it: nothing is known to be wrong with that one.')
  expect(text).not.toContain('No key opens')
  expect(text).not.toContain('Nothing can be restored')
})

test('what can be copied is told where it is; a key without a diagnosis is named all the same', () => {
  const remedies = [{ label: 'Key policy', note: '', formats: [{ format: 'json' as const, file: 'a', text: '{}' }] }]
  expect(read(true, [trouble({ diagnosis: { ...diagnosis, remedies } })])).toContain(
    'Remove the Deny. The key’s page has it to copy.',
  )
  const bare = read(true, [trouble({ diagnosis: null, checkedAt: null })])
  expect(bare).toContain('No key opens this backup now')
  expect(bare).not.toContain('What happened')
  expect(bare).not.toContain('tried')
  expect(read(false, [])).toBe('')
})

test('the badge says it of a complete backup alone; damage, which no key mends, comes first', () => {
  expect(badge({ state: 'complete', locked: true })).toBe('Cannot be opened')
  expect(badge({ state: 'complete', locked: true, warnings: 2 })).toBe('Cannot be opened')
  expect(badge({ state: 'complete', locked: true, damaged: true })).toBe('Damaged')
  expect(badge({ state: 'complete', warnings: 2 })).toBe('Complete, 2 warnings')
  expect(badge({ state: 'failed', locked: true })).toBe('Failed')
})
