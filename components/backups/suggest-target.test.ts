import { expect, test } from 'vitest'
import { suggestTarget } from './suggest-target.ts'

const now = new Date('2026-11-12T08:30:59Z')

test.each([
  ['Nightly accounts', 'nightly-accounts'],
  ['../../etc/passwd', 'etc-passwd'],
  ['Müller & Söhne', 'muller-sohne'],
  ['日本', 'backup'],
  [`${'a'.repeat(59)} b`, 'a'.repeat(59)],
])('%s', (name, folder) => {
  expect(suggestTarget('/srv/restores/', name, now)).toBe(`/srv/restores/${folder}-2026-11-12-083059`)
})
