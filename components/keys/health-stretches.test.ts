import { expect, test } from 'vitest'
import type { HealthHour, KeyState } from '#lib/key-health/schema.ts'
import { daysOf, stretchesOf } from './health-stretches.ts'

const at = '2026-11-22T05:30:00.000Z'
const hour = (back: number, worst: KeyState): HealthHour => ({
  hour: new Date(Date.parse('2026-11-22T05:00:00.000Z') - back * 3_600_000).toISOString(),
  worst,
  checks: 4,
  failures: 0,
  skipped: 0,
  slowestMs: 10,
})

test('thirty days of twelve cells, each the worst of its two hours', () => {
  const days = daysOf([hour(720 - 20, 'healthy'), hour(1, 'refused'), hour(0, 'healthy')], at)
  expect(days).toHaveLength(30)
  expect(days.every(({ states }) => states.length === 12)).toBe(true)
  expect(days[0]?.day).toBe('2026-10-24')
  expect(days[29]).toMatchObject({ day: '2026-11-22', states: [null, null, 'refused', ...Array(9).fill(null)] })
})

test('hours in a row are one stretch, the newest first', () => {
  const hours = [hour(9, 'degraded'), hour(8, 'degraded'), hour(7, 'healthy'), hour(6, 'degraded'), hour(4, 'degraded')]
  expect(stretchesOf([...hours, hour(3, 'disabled')])).toEqual([
    { state: 'disabled', from: hour(3, 'disabled').hour, hours: 1 },
    { state: 'degraded', from: hour(4, 'degraded').hour, hours: 1 },
    { state: 'degraded', from: hour(6, 'degraded').hour, hours: 1 },
    { state: 'degraded', from: hour(9, 'degraded').hour, hours: 2 },
  ])
})
