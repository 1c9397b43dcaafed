import { plainPage } from './plain-page.ts'

interface SealedTimes {
  readonly since: Date
  readonly nextTryAt: Date
}

/**
 * What every page is while the console is sealed: one that needs nothing of it. Nobody can sign in, so it tells nobody
 * why. It asks again by itself, and then the page that was wanted is there.
 */
export function sealedPage({ since, nextTryAt }: SealedTimes, nonce: string, theme: string | undefined): string {
  return plainPage({
    title: 'Sealed',
    nonce,
    theme,
    main: `<h1>This console is sealed</h1>
<p>Since ${time(since)}. It tries again at ${time(nextTryAt)}, and opens by itself.</p>
<p>Whoever runs it finds the reason on its host with <code>byok seal status</code>, and in its log.</p>`,
    script: `// By the time that has passed, not by the browser's clock, which may be wrong.
const tried = performance.now() + ${Math.max(0, nextTryAt.getTime() - Date.now()) + 2_000}
setInterval(async () => {
  const health = await fetch('/api/health', { cache: 'no-store' }).then((answer) => answer.json()).catch(() => undefined)
  if (health && (health.status !== 'sealed' || performance.now() > tried)) location.reload()
}, 3000)`,
  })
}

function time(at: Date): string {
  const iso = at.toISOString()
  return `<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`
}
