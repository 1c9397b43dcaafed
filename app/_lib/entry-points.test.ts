import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

// Every way in checks session and permission itself. Tests in a browser show that the checks work; this one shows that
// no way in was added without one.

const root = path.join(import.meta.dirname, '..', '..')
const files = (pattern: string) => globSync(pattern, { cwd: root }).sort()
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')

/** Before a session there can be none; what each does instead is in its own tests. */
const open = {
  actions: ['completeSetup', 'signOut'],
  routes: ['app/api/[...missing]/route.ts', 'app/api/auth/[...all]/route.ts', 'app/api/health/route.ts'],
  pages: ['app/(auth)/setup/page.tsx', 'app/(auth)/sign-in/page.tsx'],
}

/** Each with the permission that it asks for; `change` is `permitted` for what changes pages. */
const wrapper = "\\b(permitted\\(|change\\(\\s*'/[a-z/-]*',)\\s*'[a-z]+\\.[a-z]+'"

test('every server action goes through the wrapper', () => {
  const sources = files('{app,components,lib}/**/*.{ts,tsx}').filter((file) => /^['"]use server['"]/m.test(read(file)))
  expect(sources.length).toBeGreaterThan(2)
  for (const file of sources) {
    expect(path.basename(file), file).toBe('actions.ts')
    const source = read(file)
    // A file may put the wrapper into a function of its own that its actions share.
    const shared = [...source.matchAll(/^(?:async )?function (\w+)[\s\S]*?^}/gm)]
      .filter(([text]) => new RegExp(wrapper).test(text))
      .map(([, name]) => `\\b${name}\\(`)
    const wrapped = new RegExp([...shared, wrapper].join('|'))
    const [, ...actions] = source.split(/^export /m)
    expect(actions.length, file).toBeGreaterThan(0)
    for (const action of actions) {
      const name = /^async function (\w+)\(/.exec(action)?.[1]
      expect(name, `${file} exports something that is not an action: ${action.slice(0, 60)}`).toBeDefined()
      const expected = open.actions.includes(name ?? '') ? /\bguarded\(/ : wrapped
      expect(action, `${file}: ${name}`).toMatch(expected)
    }
  }
})

test('a server action takes nothing for granted of what it is sent: its schema says what that is', () => {
  const actions = files('app/**/actions.ts').flatMap((file) =>
    [...read(file).matchAll(/^export async function (\w+)\(([^)]*)\)/gm)].map(([, name, taken = '']) => ({
      name,
      taken,
    })),
  )
  expect(actions.length).toBeGreaterThan(20)
  for (const { name, taken } of actions) expect(taken, name).toMatch(/^(\w+\??: unknown(, )?)*$/)
})

test('every route handler asks who it is, or is one of the three that may not', () => {
  const routes = files('app/**/route.ts')
  expect(routes.length).toBeGreaterThan(open.routes.length)
  for (const file of routes) {
    if (open.routes.includes(file)) continue
    expect(read(file), file).toMatch(/\bpermitRequest\(/)
  }
})

test('every page asks who it is, or is one of those before sign-in', () => {
  const pages = files('app/**/page.tsx')
  expect(pages.length).toBeGreaterThan(5)
  for (const file of pages) {
    if (open.pages.includes(file)) continue
    // Unknown addresses show nothing but that they are unknown.
    expect(read(file), file).toMatch(
      file.includes('[...missing]') ? /notFound\(\)/ : /\brequire(User|Session)\('[a-z]+\.[a-z]+'\)/,
    )
  }
})

test('whose session it is, is read in one place, which knows how long one lasts', () => {
  const readers = files('{app,lib}/**/*.{ts,tsx}').filter((file) => /\.getSession\(/.test(read(file)))
  expect(readers).toEqual(['lib/auth/read-session.ts'])
})

test('every form says how it is sent: without that, before the script runs, what was typed goes into the address', () => {
  const forms = files('{app,components}/**/*.tsx').flatMap((file) =>
    [...read(file).matchAll(/<form\b[\s\S]{0,200}/g)].map(([text]) => ({ file, text })),
  )
  expect(forms.length).toBeGreaterThan(15)
  for (const { file, text } of forms) expect(text, file).toMatch(/method="(post|get)"|action=\{/)
})

test('whatever calls KMS or sends something because a person pressed a button is limited', () => {
  const costly =
    /from '#lib\/(environment\/save-environment|key-health\/watch-keys|alerts\/try-alert|seal\/operate-seal|rewrap\/(preview|start)-rewrap)\.ts'/
  const ways = files('app/**/{actions,route}.ts').filter((file) => costly.test(read(file)))
  expect(ways.length).toBe(5)
  for (const file of ways) expect(read(file), file).toMatch(/\blimitKeyChecks\(/)
})
