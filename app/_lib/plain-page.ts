/**
 * A page that needs nothing of Next: for when there is no other, or where none is served.
 * @param theme `light` or `dark`; anything else follows the system
 * @param main HTML
 * @param script JavaScript
 */
export function plainPage(page: {
  title: string
  main: string
  nonce: string
  theme: string | undefined
  script?: string
}): string {
  const { title, main, nonce, theme, script } = page
  const scheme = theme === 'light' || theme === 'dark' ? theme : 'light dark'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Vault Console</title>
<style nonce="${nonce}">
:root { color-scheme: ${scheme} }
body { margin: 0; background: light-dark(#f7f7f5, #121311); color: light-dark(#1b1c1a, #eceee8);
  font: 0.875rem/1.25rem system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 56ch; margin: 0 auto; padding: 4rem 1.5rem }
h1 { margin: 0 0 0.5rem; font-size: 1.375rem; line-height: 1.75rem; font-weight: 600; letter-spacing: -0.01em }
p { margin: 0 0 0.5rem; color: light-dark(#55574f, #b3b6ac) }
a { color: inherit }
code { font-family: ui-monospace, monospace }
</style>
</head>
<body>
<main>
${main}
</main>${script === undefined ? '' : `\n<script nonce="${nonce}">\n${script}\n</script>`}
</body>
</html>
`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
