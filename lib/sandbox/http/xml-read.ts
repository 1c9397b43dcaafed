/** One element; S3's request documents use neither mixed content nor attributes that matter. */
export interface XmlElement {
  name: string
  text: string
  children: XmlElement[]
}

const token =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.:-]*)([^<>]*?)(\/?)>|([^<]+)/y
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-z]+));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[name] ?? whole
    const codePoint = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : whole
  })
}

/** The root element, or undefined when the text is not well-formed. No DTD, so nothing expands. */
export function readXml(text: string): XmlElement | undefined {
  const source = text.replace(/^\ufeff/, '')
  const top: XmlElement = { name: '', text: '', children: [] }
  const open = [top]
  token.lastIndex = 0
  while (token.lastIndex < source.length) {
    const match = token.exec(source)
    const parent = open.at(-1)
    if (!match || !parent) return undefined
    const [, cdata, closing, tag, , selfClosing, characters] = match
    if (tag !== undefined) {
      const name = tag.replace(/^.*:/, '')
      if (closing) {
        if (open.length === 1 || parent.name !== name) return undefined
        open.pop()
        continue
      }
      const child: XmlElement = { name, text: '', children: [] }
      parent.children.push(child)
      if (!selfClosing) open.push(child)
    } else if (cdata !== undefined) {
      parent.text += cdata
    } else if (characters !== undefined) {
      parent.text += decode(characters)
    }
  }
  const [root] = top.children
  return open.length === 1 && top.children.length === 1 && top.text.trim() === '' ? root : undefined
}

export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((candidate) => candidate.name === name)
}

/** The trimmed text of a child, or undefined when there is none. Keys must not be trimmed: read `.text` for those. */
export function childText(element: XmlElement | undefined, name: string): string | undefined {
  return child(element, name)?.text.trim()
}
