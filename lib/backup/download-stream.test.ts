import { expect, test } from 'vitest'
import { downloadStream } from './download-stream.ts'

async function* pieces(closed: () => void): AsyncGenerator<Buffer, void> {
  try {
    for (let number = 0; number < 3; number += 1) yield Buffer.from(`${number}`)
  } finally {
    closed()
  }
}

/** A download whose first piece was read, as where the response is made. */
async function begun(signal: AbortSignal) {
  const seen = { ended: 0, closed: 0, failed: 0 }
  const content = pieces(() => (seen.closed += 1))
  const first = await content.next()
  const end = () => {
    seen.ended = 1
  }
  const failed = async () => {
    seen.failed += 1
  }
  return { seen, stream: downloadStream(first, content, signal, end, failed) }
}

test('all of it, then the end', async () => {
  const { seen, stream } = await begun(new AbortController().signal)
  expect(await new Response(stream).text()).toBe('012')
  expect(seen).toEqual({ ended: 1, closed: 1, failed: 0 })
})

test.each(['before', 'after'])(
  'whoever hangs up %s the response is there, and never reads it, holds nothing',
  async (when) => {
    const reader = new AbortController()
    if (when === 'before') reader.abort()
    const { seen } = await begun(reader.signal)
    if (when === 'after') reader.abort()
    await expect.poll(() => seen).toEqual({ ended: 1, closed: 1, failed: 0 })
  },
)

test('cancelled in the middle', async () => {
  const { seen, stream } = await begun(new AbortController().signal)
  const reader = stream.getReader()
  await reader.read()
  await reader.cancel()
  expect(seen).toEqual({ ended: 1, closed: 1, failed: 0 })
})

test('what fails breaks it off, and is told', async () => {
  const told: unknown[] = []
  async function* failing(): AsyncGenerator<Buffer, void> {
    yield Buffer.from('begun')
    throw new Error('the second segment was damaged')
  }
  const content = failing()
  const stream = downloadStream(
    await content.next(),
    content,
    new AbortController().signal,
    () => {},
    async (error) => {
      told.push(error)
    },
  )
  await expect(new Response(stream).text()).rejects.toThrow('the second segment was damaged')
  expect(told).toHaveLength(1)
})
