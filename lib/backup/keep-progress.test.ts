import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cancelled } from '#lib/jobs/attempt.ts'
import { keepProgress } from './keep-progress.ts'
import { nothingYet } from './progress-schema.ts'
import { addToCourse } from './throughput-course.ts'

type StoredProgress = Parameters<Parameters<typeof keepProgress>[1]>[0]

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})
const never = new AbortController().signal
const backup = { part: 'backup', id: '4711' }

test('writes the latest, now and then, and only what is new', async () => {
  const written: StoredProgress[] = []
  const progress = keepProgress(
    backup,
    async (latest) => {
      written.push(latest)
      return true
    },
    never,
  )
  await vi.advanceTimersByTimeAsync(1000)
  expect(written).toEqual([])
  progress.report({ filesTotal: 9, bytesTotal: 900 })
  for (let files = 1; files <= 5; files += 1) progress.report({ filesDone: files, currentPath: `file ${files}` })
  await vi.advanceTimersByTimeAsync(1000)
  expect(written).toMatchObject([
    { filesTotal: 9, bytesTotal: 900, filesDone: 5, bytesDone: 0, bytesStored: 0, currentPath: 'file 5' },
  ])
  await progress.stop()
  expect(progress.signal.aborted).toBe(false)
})

/** A row that takes all that it is given. */
function keepingLatest() {
  let latest: StoredProgress | undefined
  const progress = keepProgress(
    backup,
    async (stored) => {
      latest = stored
      return true
    },
    never,
  )
  return { progress, latest: () => latest }
}

test('what an earlier attempt had finished is no part of the course', async () => {
  const { progress, latest } = keepingLatest()
  for (const [bytesDone, bytesTaken] of [
    [5000, 5000],
    [9010, 9000],
    [9020, 9000],
  ] as const) {
    progress.report({ bytesDone, bytesTaken })
    await vi.advanceTimersByTimeAsync(2000)
  }
  expect([...new Set(latest()?.samples.map(({ bytes }) => bytes))]).toEqual([0, 10, 20])
  await progress.stop()
})

test('a row that is somebody else’s ends the work', async () => {
  const progress = keepProgress(backup, async () => false, never)
  progress.report({ filesDone: 1 })
  await vi.advanceTimersByTimeAsync(500)
  expect(progress.signal.aborted).toBe(true)
  expect(String(progress.signal.reason)).toBe('LostClaim: Another worker has taken this over.')
  await progress.stop()
})

test('asks how the row stands even when there is nothing new, and ends when it is cancelled', async () => {
  let standing: 'mine' | 'cancelled' = 'mine'
  const write = vi.fn(async () => standing)
  const progress = keepProgress(backup, write, never)
  await vi.advanceTimersByTimeAsync(2000)
  expect(write).toHaveBeenCalledTimes(1)
  standing = 'cancelled'
  await vi.advanceTimersByTimeAsync(2000)
  expect(progress.signal.reason).toBeInstanceOf(Cancelled)
  await progress.stop()
})

test('the course of its bytes has few samples, however long it takes', async () => {
  const { progress, latest } = keepingLatest()
  for (let second = 1; second <= 1000; second += 1) {
    progress.report({ bytesDone: second * 10 })
    await vi.advanceTimersByTimeAsync(1000)
  }
  const samples = latest()?.samples ?? []
  expect(samples.length).toBeGreaterThan(20)
  expect(samples.length).toBeLessThanOrEqual(60)
  const [first] = samples
  const last = samples.at(-1)
  expect((last?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(900_000)
  expect(last?.bytes).toBeGreaterThan(9000)
  await progress.stop()
})

/** They fail until the database is back. */
function writes() {
  const database = { isBack: false }
  const write = vi.fn(async () => {
    if (!database.isBack) throw new Error('the database is gone')
    return true
  })
  return { write, database }
}

test('a write that fails is not worth stopping for', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { write, database } = writes()
  const progress = keepProgress(backup, write, never)
  progress.report({ filesDone: 1 })
  await vi.advanceTimersByTimeAsync(500)
  expect(progress.signal.aborted).toBe(false)
  expect(logged).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('the database is gone'))
  database.isBack = true
  progress.report({ filesDone: 2 })
  await vi.advanceTimersByTimeAsync(500)
  expect(write).toHaveBeenLastCalledWith(expect.objectContaining({ filesDone: 2 }))
  await progress.stop()
})

test('of writes that fail in a row the first is logged, with what they are about', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { write, database } = writes()
  const progress = keepProgress(backup, write, never)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(write.mock.calls.length).toBeGreaterThan(3)
  const line = { level: 'warning', part: 'backup', backup: backup.id, message: 'the database is gone' }
  expect(logged.mock.calls.map(([text]) => JSON.parse(`${text}`))).toEqual([line])
  database.isBack = true
  await vi.advanceTimersByTimeAsync(2000)
  database.isBack = false
  await vi.advanceTimersByTimeAsync(10_000)
  expect(logged).toHaveBeenCalledTimes(2)
  await progress.stop()
})

test('stopping waits for the write under way, and nothing is written after it', async () => {
  const answer = Promise.withResolvers<boolean>()
  const write = vi.fn(() => answer.promise)
  const progress = keepProgress(backup, write, never)
  progress.report({ filesDone: 1 })
  await vi.advanceTimersByTimeAsync(500)
  progress.report({ filesDone: 2 })
  await vi.advanceTimersByTimeAsync(2000)
  expect(write).toHaveBeenCalledTimes(1)
  let stopped = false
  const stopping = progress.stop().then(() => {
    stopped = true
  })
  await vi.advanceTimersByTimeAsync(0)
  expect(stopped).toBe(false)
  answer.resolve(true)
  await stopping
  progress.report({ filesDone: 3 })
  await vi.advanceTimersByTimeAsync(2000)
  expect(write).toHaveBeenCalledTimes(1)
})

test('ends when the worker ends', () => {
  const worker = new AbortController()
  const progress = keepProgress(backup, async () => true, worker.signal)
  const reason = new Error('This worker is stopping.')
  worker.abort(reason)
  expect(progress.signal.reason).toBe(reason)
  void progress.stop()
})

test('a clock that is put back an hour keeps nobody from cancelling', async () => {
  const progress = keepProgress(backup, async () => 'cancelled', never)
  vi.setSystemTime(Date.now() - 3600_000)
  await vi.advanceTimersByTimeAsync(2000)
  expect(progress.signal.reason).toBeInstanceOf(Cancelled)
  await progress.stop()
})

test('a clock that is put back begins a new course, and does not stop it for as long', () => {
  const before = [
    { at: 7_200_000, bytes: 1 },
    { at: 7_201_000, bytes: 2 },
  ]
  const after = addToCourse(before, { at: 3_602_000, bytes: 3 })
  expect(addToCourse(after, { at: 3_603_000, bytes: 4 })).toEqual([
    { at: 3_602_000, bytes: 3 },
    { at: 3_603_000, bytes: 4 },
  ])
})

test('an attempt has a course of its own, and a clock that is set forward is no halt in it', async () => {
  const written: StoredProgress[] = []
  const write = async (latest: StoredProgress) => {
    written.push(latest)
    return true
  }
  const samples = [{ at: Date.now() - 3_600_000, bytes: 500 }]
  const before = { ...nothingYet, bytesDone: 500, samples }
  const progress = keepProgress(backup, write, never, before)
  for (let second = 1; second <= 5; second += 1) {
    progress.report({ bytesDone: 500 + second })
    await vi.advanceTimersByTimeAsync(1000)
    if (second === 2) vi.setSystemTime(Date.now() + 7_200_000)
  }
  const course = written.at(-1)?.samples ?? []
  expect(course.length).toBeGreaterThan(2)
  expect((course.at(-1)?.at ?? 0) - (course[0]?.at ?? 0)).toBeLessThan(5000)
  await progress.stop()
})
