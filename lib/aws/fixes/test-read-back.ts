// Reads the documents back out of what people copy, as the tools they paste it into would. For tests only.

/** The words of a POSIX shell's command lines, with what is quoted in one piece; comments left out. */
export function shellWords(script: string): string[] {
  const words: string[] = []
  let current: string | undefined
  const text = script.replace(/^#.*$/gm, '').replaceAll('\\\n', ' ')
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at)
    if (letter === "'") {
      const end = text.indexOf("'", at + 1)
      if (end < 0) throw new Error('A quote is not closed.')
      current = (current ?? '') + text.slice(at + 1, end)
      at = end
    } else if (letter === '\\') {
      current = (current ?? '') + text.charAt(at + 1)
      at += 1
    } else if (/\s/.test(letter)) {
      if (current !== undefined) words.push(current)
      current = undefined
    } else {
      if (/["$`]/.test(letter)) throw new Error(`A shell would read more into ${letter} at ${text.slice(at, at + 20)}`)
      current = (current ?? '') + letter
    }
  }
  return current === undefined ? words : [...words, current]
}

/** The value after an option, such as `--policy-document`. */
export function optionOf(words: readonly string[], name: string): string {
  const value = words[words.indexOf(name) + 1]
  if (!words.includes(name) || value === undefined) throw new Error(`No ${name} in ${words.join(' ')}`)
  return value
}

/** The first value in Terraform's language after `jsonencode(`. */
export function jsonencoded(text: string): unknown {
  const start = text.indexOf('jsonencode(')
  if (start < 0) throw new Error('There is no jsonencode.')
  const source = text.slice(start + 'jsonencode('.length)
  let at = 0
  const skip = () => {
    while (/[\s,]/.test(source.charAt(at))) at += 1
  }
  const take = (pattern: RegExp): string => {
    const found = pattern.exec(source.slice(at))?.[0]
    if (found === undefined) throw new Error(`Not expected: ${source.slice(at, at + 20)}`)
    at += found.length
    return found
  }
  const string = (): string => {
    const literal = take(/^"(?:[^"\\]|\\.)*"/)
    if (/(^|[^$])\$\{|(^|[^%])%\{/.test(literal)) throw new Error(`Terraform would fill in ${literal}`)
    return JSON.parse(literal).replaceAll('$${', '${').replaceAll('%%{', '%{')
  }
  const value = (): unknown => {
    skip()
    const letter = source.charAt(at)
    if (letter === '"') return string()
    if (letter === '[') {
      at += 1
      const items: unknown[] = []
      for (skip(); source.charAt(at) !== ']'; skip()) items.push(value())
      at += 1
      return items
    }
    if (letter === '{') {
      at += 1
      const entries: [string, unknown][] = []
      for (skip(); source.charAt(at) !== '}'; skip()) {
        const name = source.charAt(at) === '"' ? string() : take(/^[A-Za-z_][\w-]*/)
        skip()
        take(/^=/)
        entries.push([name, value()])
      }
      at += 1
      return Object.fromEntries(entries)
    }
    return JSON.parse(take(/^(true|false|-?\d+)/))
  }
  return value()
}
