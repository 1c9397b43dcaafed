import { anyOne, itself, type NameToken, namePattern, readBracket } from './name-pattern.ts'

/** A name, or `**`: any number of folders. */
type Step = RegExp | '**'

interface Rule {
  readonly pattern: string
  /** Takes away again what patterns before it matched. */
  readonly negative: boolean
  readonly foldersOnly: boolean
  readonly steps: readonly Step[]
}

/** How far each rule has come: numbers of the steps that may be next, in order. */
type Progress = readonly (readonly number[])[]

interface Level {
  readonly name: string
  readonly progress: Progress
  readonly match: string | undefined
}

/** Folders above a path that are remembered for the next one. Deeper ones are looked at anew. */
const mostLevels = 100

/**
 * Patterns as .gitignore writes them. Somebody may have written them, and the paths, in order to keep this process busy:
 * how long a look takes is bounded by the length of both. Quickest for paths in the order of a tree.
 */
export class PathPatterns {
  readonly #rules: readonly Rule[]
  readonly #begin: Progress
  /** Of the path before. */
  readonly #levels: Level[] = []

  constructor(patterns: readonly string[]) {
    this.#rules = patterns.flatMap((pattern) => readRule(pattern) ?? [])
    this.#begin = this.#rules.map((rule) => withNext([], rule, 0))
  }

  /** The first pattern that matches it or a folder above it, unless one after that takes it away again. */
  match(path: string, isFolder: boolean): string | undefined {
    const names = path.split('/')
    const last = names.length - 1
    let depth = 0
    for (; depth < last && this.#levels[depth]?.name === names[depth]; depth += 1) {
      const known = this.#levels[depth]?.match
      if (known !== undefined) return known
    }
    this.#levels.length = depth
    let progress = this.#levels.at(-1)?.progress ?? this.#begin
    for (const [offset, name] of names.slice(depth).entries()) {
      const at = depth + offset
      const here = at < last || isFolder
      progress = progress.map((next, index) => advanced(next, this.#rules[index], name))
      const match = this.#matchOf(progress, here)
      if (here && at < mostLevels) this.#levels.push({ name, progress, match })
      if (match !== undefined) return match
    }
    return undefined
  }

  #matchOf(progress: Progress, isFolder: boolean): string | undefined {
    let match: string | undefined
    for (const [index, rule] of this.#rules.entries()) {
      if (rule.foldersOnly && !isFolder) continue
      if (progress[index]?.at(-1) !== rule.steps.length) continue
      if (rule.negative) match = undefined
      else match ??= rule.pattern
    }
    return match
  }
}

function advanced(next: readonly number[], rule: Rule | undefined, name: string): readonly number[] {
  if (!rule || next.length === 0) return next
  const after: number[] = []
  for (const step of next) {
    const wanted = rule.steps[step]
    if (wanted === '**') withNext(after, rule, step)
    else if (wanted?.test(name)) withNext(after, rule, step + 1)
  }
  return after
}

/** `**` may also be no folder at all. And who has come there need not have come less far. */
function withNext(steps: number[], { steps: all }: Rule, step: number): number[] {
  for (const one of all[step] === '**' ? [step, step + 1] : [step]) {
    if (one <= (steps.at(-1) ?? -1)) continue
    if (all[one] === '**') steps.length = 0
    steps.push(one)
  }
  return steps
}

/** Undefined for what is empty, and for what can match nothing. */
function readRule(pattern: string): Rule | undefined {
  const negative = pattern.startsWith('!')
  const characters = [...withoutSpacesAtEnd(pattern.slice(negative ? 1 : 0))]
  const foldersOnly = characters.length > 1 && characters.at(-1) === '/'
  if (foldersOnly) characters.pop()
  const parts = partsOf(characters)
  if (!parts) return undefined
  const anchored = characters.includes('/')
  if (anchored && characters[0] === '/') parts.shift()
  const steps: Step[] = anchored ? [] : ['**']
  for (const part of parts) {
    if (part.length === 0) return undefined
    const step = part === folders ? '**' : namePattern(part)
    if (step !== '**' || steps.at(-1) !== '**') steps.push(step)
  }
  // What is in a folder, and not the folder.
  if (steps.at(-1) === '**') steps.push(namePattern(['star']))
  return { pattern, negative, foldersOnly, steps }
}

/** Stands for `**`. */
const folders: NameToken[] = ['star', 'star']

function partsOf(characters: readonly string[]): NameToken[][] | undefined {
  let part: NameToken[] = []
  const parts = [part]
  for (let at = 0; at < characters.length; at += 1) {
    let character = characters[at] ?? ''
    // A slash behind a backslash is one, as it is to git.
    if (character === '\\' && characters[at + 1] === '/') {
      at += 1
      character = '/'
    }
    if (character === '/') {
      part = []
      parts.push(part)
    } else if (character === '*') {
      let end = at
      while (characters[end + 1] === '*') end += 1
      const after = characters[end + 1] === '\\' ? characters[end + 2] : characters[end + 1]
      const whole = part.length === 0 && [undefined, '/'].includes(after)
      if (whole && end > at) parts[parts.length - 1] = folders
      else part.push('star')
      at = end
    } else if (character === '[') {
      const bracket = readBracket(characters, at)
      if (!bracket) return undefined
      part.push(bracket.token)
      at = bracket.end
    } else if (character === '?') part.push(anyOne)
    else if (character !== '\\') part.push(itself(character))
    else {
      at += 1
      const escaped = characters[at]
      if (escaped === undefined) return undefined
      part.push(itself(escaped))
    }
  }
  return parts
}

/** A space behind a backslash stays. */
function withoutSpacesAtEnd(text: string): string {
  let end = text.length
  while (text[end - 1] === ' ') end -= 1
  let backslashes = 0
  while (text[end - backslashes - 1] === '\\') backslashes += 1
  return text.slice(0, end < text.length && backslashes % 2 === 1 ? end + 1 : end)
}
