import { expect, test } from 'vitest'
import { SignInTurns } from './sign-in-turns.ts'

/** Takes a turn for each address; says which got one by now, which wait, and which were refused. */
async function takeAll(turns: SignInTurns, addresses: readonly (string | undefined)[]) {
  const taken: (() => void)[] = []
  let refused = 0
  for (const address of addresses)
    turns.take(address).then((give) => {
      if (give) taken.push(give)
      else refused += 1
    })
  await new Promise((resolve) => setImmediate(resolve))
  return { taken, refused: () => refused }
}
const many = (count: number, of: (index: number) => string | undefined) =>
  Array.from({ length: count }, (_, i) => of(i))

test('two at a time, thirty wait, and the rest is refused at once', async () => {
  const turns = new SignInTurns()
  const { taken, refused } = await takeAll(
    turns,
    many(100, (index) => `192.0.2.${index}`),
  )
  expect([taken.length, refused()]).toEqual([2, 68])
  // Each one that ends lets in the next, to the last; then there is room again.
  for (let ended = 0; ended < 32; ended += 1) {
    expect(taken.length).toBeGreaterThan(ended)
    taken[ended]?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(taken).toHaveLength(32)
  expect(await turns.take('192.0.2.200')).toBeTypeOf('function')
})

test('one address takes no more than eight places, also where nobody knows which it is', async () => {
  for (const address of ['192.0.2.1', undefined]) {
    const turns = new SignInTurns()
    const { taken, refused } = await takeAll(
      turns,
      many(50, () => address),
    )
    expect([taken.length, refused()]).toEqual([2, 42])
    const others = await takeAll(
      turns,
      many(3, (index) => `198.51.100.${index}`),
    )
    expect(others.refused()).toBe(0)
    // What it had is its own again afterwards.
    for (let ended = 0; ended < 8; ended += 1) {
      taken[ended]?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { refused: again } = await takeAll(
      turns,
      many(8, () => address),
    )
    expect(again()).toBe(0)
  }
})
