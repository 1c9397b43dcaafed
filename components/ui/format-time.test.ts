import { expect, test } from 'vitest'
import { exactTime, formatDuration, relativeTime } from './format-time.ts'

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [9_949, '9.9 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [125_000, '2 min 5 s'],
  [11_400_000, '3 h 10 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms are %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

test.each([
  ['2026-11-20T12:00:30Z', 'just now'],
  ['2026-11-20T11:59:50Z', 'just now'],
  ['2026-11-20T11:59:10Z', '1 minute ago'],
  ['2026-11-20T11:30:00Z', '30 minutes ago'],
  ['2026-11-20T11:00:10Z', '59 minutes ago'],
  ['2026-11-20T10:00:00Z', '2 hours ago'],
  ['2026-11-19T12:10:00Z', '23 hours ago'],
  ['2026-11-19T11:00:00Z', 'yesterday'],
  ['2026-11-17T11:00:00Z', '3 days ago'],
  ['2026-11-12T11:00:00Z', '12 Nov'],
  ['2025-11-12T11:00:00Z', '12 Nov 2025'],
  ['2026-11-20T12:58:12Z', '20 Nov 12:58 UTC'],
  ['2026-11-22T11:59:00Z', '22 Nov 11:59 UTC'],
  ['2026-12-24T11:00:00Z', '24 Dec'],
])('%s is %s', (iso, text) => {
  expect(relativeTime(iso, new Date('2026-11-20T12:00:00Z'))).toBe(text)
})

test('the exact time is in UTC whatever the offset was', () => {
  expect(exactTime('2026-11-12T09:30:05.123+01:00')).toBe('2026-11-12 08:30:05 UTC')
})
