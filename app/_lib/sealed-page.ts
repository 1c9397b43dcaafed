interface SealedTimes {
  readonly since: Date
  readonly nextTryAt: Date
}

/**
 * What every page is while the console is sealed: one that needs nothing of it. Nobody can sign in, so it tells nobody
 * why. It asks again by itself, and then the page that was wanted is there.
 * @param theme `light` or `dark`; anything else follows the system
 */
export function sealedPage({ since, nextTryAt }: SealedTimes, nonce: string, theme: string | undefined): string {
  const scheme = theme === 'light' || theme === 'dark' ? theme : 'light dark'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Sealed · Vault Console</title>
<style nonce="${nonce}">
:root { color-scheme: ${scheme} }
body { margin: 0; background: light-dark(#f7f7f5, #121311); color: light-dark(#1b1c1a, #eceee8);
  font: 0.875rem/1.25rem system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 56ch; margin: 0 auto; padding: 4rem 1.5rem }
h1 { margin: 0 0 0.5rem; font-size: 1.375rem; line-height: 1.75rem; font-weight: 600; letter-spacing: -0.01em }
p { margin: 0 0 0.5rem; color: light-dark(#55574f, #b3b6ac) }
code { font-family: ui-monospace, monospace }
</style>
</head>
<body>
<main>
<h1>This console is sealed</h1>
<p>Since ${time(since)}. It tries again at ${time(nextTryAt)}, and opens by itself.</p>
<p>Whoever runs it finds the reason on its host with <code>byok seal status</code>, and in its log.</p>
</main>
<script nonce="${nonce}">
// By the time that has passed, not by the browser's clock, which may be wrong.
const tried = performance.now() + ${Math.max(0, nextTryAt.getTime() - Date.now()) + 2_000}
setInterval(async () => {
  const health = await fetch('/api/health', { cache: 'no-store' }).then((answer) => answer.json()).catch(() => undefined)
  if (health && (health.status !== 'sealed' || performance.now() > tried)) location.reload()
}, 3000)
</script>
</body>
</html>
`
}

function time(at: Date): string {
  const iso = at.toISOString()
  return `<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`
}
