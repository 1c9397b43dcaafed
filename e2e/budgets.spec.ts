import { keyPath } from '#lib/key-holdings/schema.ts'
import type { TestConsole } from './console.ts'
import { expect, keyOf, saveKey, test } from './fixtures.ts'

const pages = [
  { url: '/', kilobytes: 160 },
  { url: '/backups', kilobytes: 160 },
  { url: '/backups/schedules', kilobytes: 160 },
  { url: '/backups/shred/review?id=ID', kilobytes: 160 },
  { url: '/backups/ID', kilobytes: 160 },
  { url: '/backups/ID/files', kilobytes: 160 },
  { url: '/keys', kilobytes: 160 },
  { url: '/keys/KEY', kilobytes: 160 },
  { url: '/keys/rewrap', kilobytes: 160 },
  { url: '/audit', kilobytes: 160 },
  { url: '/settings/api-tokens', kilobytes: 160 },
  { url: '/settings/users', kilobytes: 160 },
  { url: '/settings/users/PERSON', kilobytes: 160 },
  { url: '/account', kilobytes: 160 },
  { url: '/settings/sandbox', kilobytes: 160 },
  { url: '/settings/backup-environment', kilobytes: 240 },
  { url: '/settings/backup-environment/history', kilobytes: 160 },
  { url: '/settings/backup-environment/history/1', kilobytes: 160 },
  { url: '/settings/seal', kilobytes: 160 },
  { url: '/settings/alerts', kilobytes: 160 },
  { url: '/sign-in', kilobytes: 160 },
]

let backup: string
let key: string
let person: string
test.beforeAll(async ({ console, sandbox, session, browser }) => {
  const context = await browser.newContext({ baseURL: console.url, storageState: session })
  const saved = keyOf(sandbox, 'us-east-1', 'backups')
  await saveKey(await context.newPage(), saved)
  key = keyPath(saved.arn).replace('/keys/', '')
  await context.close()
  backup = await backUp(console)
  const added = await console.byok(['user', 'add', 'weighed@example.test', '--role', 'viewer'], {
    input: 'long-enough-password',
  })
  expect(added.code, added.stderr).toBe(0)
  const { users } = JSON.parse((await console.byok(['user', 'list', '--json'])).stdout)
  person = users.find(({ email }: { email: string }) => email === 'weighed@example.test').id
})

for (const { url, kilobytes } of pages) {
  test(`${url} loads at most ${kilobytes} kB of compressed JavaScript, and nothing shifts`, async ({
    browser,
    console,
    session,
  }) => {
    const context = await browser.newContext({
      baseURL: console.url,
      ...(url !== '/sign-in' && { storageState: session }),
    })
    const page = await context.newPage()
    await page.addInitScript(() => {
      const shifts: number[] = []
      Object.assign(window, { shifts })
      new PerformanceObserver((list) => {
        // One part in a thousand: a pixel's move of one word, which nobody sees.
        for (const entry of list.getEntries())
          if ('value' in entry && typeof entry.value === 'number' && entry.value >= 0.001) shifts.push(entry.value)
      }).observe({ type: 'layout-shift', buffered: true })
    })
    const scripts: Promise<number>[] = []
    page.on('requestfinished', (request) => {
      if (request.resourceType() === 'script')
        scripts.push(request.sizes().then(({ responseBodySize }) => responseBodySize))
    })
    await page.goto(url.replace('ID', backup).replace('KEY', key).replace('PERSON', person))
    await page.waitForLoadState('networkidle')
    const sizes = await Promise.all(scripts)
    expect(sizes.length).toBeGreaterThan(2)
    expect(sizes.reduce((sum, size) => sum + size, 0) / 1000).toBeLessThanOrEqual(kilobytes)
    const shifts = await page.evaluate(() =>
      'shifts' in window && Array.isArray(window.shifts) ? window.shifts : ['not observed'],
    )
    expect(shifts).toEqual([])
    await context.close()
  })
}

async function backUp(console: TestConsole): Promise<string> {
  const made = await console.byok(['backup', 'create', console.sources, '--json'])
  expect(made.code, made.stderr).toBe(0)
  return JSON.parse(made.stdout).id
}
