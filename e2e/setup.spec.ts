import { test as base, expect } from '@playwright/test'
import { startConsole } from './console.ts'
import { signIn } from './fixtures.ts'

base('the setup link makes the first administrator, once', async ({ browser }) => {
  base.setTimeout(180_000)
  const console = await startConsole({ withAdministrator: false })
  try {
    const link = /http:\/\/localhost:\d+\/setup\?token=\S+/.exec(console.printed())?.[0]
    expect(link, console.printed()).toBeDefined()
    const context = await browser.newContext({ baseURL: console.url })
    const page = await context.newPage()
    await page.goto('/setup?token=not-the-token')
    await expect(page.getByLabel('Password')).toHaveCount(0)

    await page.goto(link ?? '')
    await expect(page).toHaveURL(/\/setup$/)
    await page.getByLabel('Name').fill('Ada')
    await page.getByLabel('E-mail').fill('ada@example.test')
    await page.getByLabel('Password').fill('short')
    await page.getByRole('button', { name: /administrator/i }).click()
    await expect(page.getByText('At least 12 characters').first()).toBeVisible()
    await page.getByLabel('Password').fill('a much longer password')
    await page.getByRole('button', { name: /administrator/i }).click()
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()

    await page.getByRole('button', { name: 'Sign out' }).click()
    await expect(page).toHaveURL(/\/sign-in/)
    await page.goto(link ?? '')
    await expect(page.getByLabel('Password')).toHaveCount(0)
    await page.goto('/audit')
    await expect(page).toHaveURL(/\/sign-in/)
    await page.getByLabel('E-mail').fill('ada@example.test')
    await page.getByLabel('Password').fill('a much longer password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()

    // Whoever is quicker than the page's script, or has none.
    const plain = await browser.newContext({ baseURL: console.url, javaScriptEnabled: false })
    const form = await plain.newPage()
    const asked: string[] = []
    form.on('request', (request) => asked.push(request.url()))
    await form.goto('/sign-in')
    await form.getByLabel('E-mail').fill('ada@example.test')
    await form.getByLabel('Password').fill('a much longer password')
    await form.getByRole('button', { name: 'Sign in' }).click()
    await expect(form.getByLabel('Password')).toBeEmpty()
    expect(asked.filter((url) => url.includes('longer'))).toEqual([])
    const signedIn = await context.storageState()
    await plain.addCookies(signedIn.cookies)
    await form.goto('/')
    await form.getByRole('button', { name: 'Sign out' }).click()
    await expect(form).toHaveURL(/\/sign-in/)
    await plain.close()
    await context.close()

    // Before the first save, whoever may not make it is told who does, and has no button that leads to a form to read.
    const viewer = { email: 'viewer@example.test', password: 'a much longer password' }
    await console.byok(['user', 'add', viewer.email, '--role', 'viewer'], { input: viewer.password })
    const looking = await browser.newContext({ baseURL: console.url })
    const look = await looking.newPage()
    await signIn(look, viewer)
    for (const address of ['/', '/backups', '/backups/schedules', '/keys']) {
      await look.goto(address)
      const main = look.getByRole('main')
      await expect(main).toContainText(address === '/keys' ? 'No key yet' : 'administrator')
      await expect(main.getByRole('link', { name: /Set up|Go to settings|Choose a key/ })).toHaveCount(0)
    }
    await looking.close()
  } finally {
    await console.remove()
  }
})
