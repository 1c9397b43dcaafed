// What one part of a pattern, as .gitignore writes them, says of a name.

/** Classes that fnmatch(3) knows by name: of ASCII alone, as git has them, without `/`. */
const classes: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-.0-~',
  lower: 'a-z',
  print: ' -.0-~',
  punct: '!-.:-@\\[-`\\{-~',
  space: ' \\t\\n\\r',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
}

/** One character, as a regular expression has it, or any number of them. */
export type NameToken = { readonly one: string } | 'star'

export const anyOne: NameToken = { one: '.' }

export function itself(character: string): NameToken {
  return { one: member(character) }
}

/**
 * Matches whole names, in time that grows with their length and no faster: a star takes the first place where what follows
 * it is found, and never another. What comes after that can only gain by it.
 */
export function namePattern(tokens: readonly NameToken[]): RegExp {
  const runs = ['']
  for (const token of tokens) {
    if (token === 'star') runs.push('')
    else runs.push(`${runs.pop()}${token.one}`)
  }
  const [first, ...rest] = runs
  const last = rest.pop()
  const between = rest.filter((run) => run !== '').map((run, index) => `(?=(.*?${run}))\\${index + 1}`)
  return new RegExp(`^${first}${between.join('')}${last === undefined ? '' : `.*${last}`}$`, 'su')
}

/**
 * Reads `[…]` as git does.
 * @param from where the `[` stands
 * @returns undefined where it does not end or names a class that nobody knows: then the pattern matches nothing
 */
export function readBracket(
  characters: readonly string[],
  from: number,
): { readonly token: NameToken; readonly end: number } | undefined {
  let at = from + 1
  const negated = characters[at] === '!' || characters[at] === '^'
  if (negated) at += 1
  let members = ''
  /** What a `-` after it makes the beginning of a range. */
  let begin: string | undefined
  // A `]` that comes first is a member.
  do {
    const character = characters[at]
    const next = characters[at + 1]
    if (character === undefined) return undefined
    if (character === '-' && begin !== undefined && next !== undefined && next !== ']') {
      at += next === '\\' ? 2 : 1
      const end = characters[at]
      if (end === undefined) return undefined
      // Of a range that runs backwards only its beginning counts.
      if ((begin.codePointAt(0) ?? 0) <= (end.codePointAt(0) ?? 0)) members += `-${member(end)}`
      begin = undefined
    } else if (character === '[' && next === ':') {
      const end = characters.indexOf(']', at + 2)
      if (end < 0) return undefined
      if (end > at + 2 && characters[end - 1] === ':') {
        const name = characters.slice(at + 2, end - 1).join('')
        if (!Object.hasOwn(classes, name)) return undefined
        members += classes[name]
        begin = undefined
        at = end
      } else {
        members += member('[')
        begin = '['
      }
    } else {
      if (character === '\\') at += 1
      begin = characters[at]
      if (begin === undefined) return undefined
      members += member(begin)
    }
    at += 1
  } while (characters[at] !== ']')
  return { token: { one: `[${negated ? '^' : ''}${members}]` }, end: at }
}

/** Safe within a class and outside. */
function member(character: string): string {
  return /^[\w ]$/.test(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
