import { expect, test } from 'vitest'
import { minuteText } from './time-text.ts'

test('to the minute, in UTC, whatever the zone it was said in', () => {
  expect(minuteText(new Date('2026-11-12T09:30:59.999+01:00'))).toBe('2026-11-12 08:30 UTC')
})
