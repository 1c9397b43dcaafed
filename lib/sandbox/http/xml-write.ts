/** A value of an XML answer: undefined leaves the element out, an array repeats it. */
export type Xml = string | number | boolean | undefined | Xml[] | { [name: string]: Xml }

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

function escapeXml(text: string): string {
  // Control characters are not legal XML 1.0, but S3 sends them as references, and a line end would be normalised.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  return text.replace(/[&<>"'\u0000-\u001f\u007f]/g, (character) => {
    return escapes[character] ?? `&#x${character.charCodeAt(0).toString(16)};`
  })
}

function element(name: string, value: Xml): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map((item) => element(name, item)).join('')
  if (typeof value === 'object') return `<${name}>${children(value)}</${name}>`
  return `<${name}>${escapeXml(String(value))}</${name}>`
}

function children(value: { [name: string]: Xml }): string {
  let text = ''
  for (const [name, child] of Object.entries(value)) text += element(name, child)
  return text
}

/** A whole document, in the namespace given. */
export function xmlDocument(root: string, namespace: string | undefined, value: { [name: string]: Xml }): string {
  const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${children(value)}</${root}>`
}
