import type { Statement } from './policy.ts'

/** Condition keys of one request, lower case (IAM compares key names without case). */
export type RequestContext = ReadonlyMap<string, readonly string[]>

/**
 * `*` any text, `?` any one character; `${*}`, `${?}` and `${$}` these characters themselves (IAM user guide, "IAM policy
 * elements: Variables and tags").
 */
export function wildcard(pattern: string, text: string): boolean {
  if (!/[*?$]/.test(pattern)) return pattern === text
  const source = pattern.replace(/\$\{([*?$])\}|\*+|\?|[.+^${}()|[\]\\]/g, (found, character?: string) => {
    if (character) return `\\${character}`
    return found === '?' ? '.' : found.startsWith('*') ? '.*' : `\\${found}`
  })
  return new RegExp(`^${source}$`, 's').test(text)
}

type Test = (actual: string, expected: string) => boolean

const numeric = (compare: (a: number, b: number) => boolean): Test => {
  return (actual, expected) => compare(Number(actual), Number(expected))
}
const time = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text))
const date = (compare: (a: number, b: number) => boolean): Test => {
  return (actual, expected) => compare(time(actual), time(expected))
}
const sameAddress: Test = (actual, expected) => {
  const [base = '', bits = '32'] = expected.split('/')
  const number = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - Number(bits))
  return Math.floor(number(actual) / size) === Math.floor(number(base) / size)
}

const tests: Record<string, Test> = {
  StringEquals: (actual, expected) => actual === expected,
  StringEqualsIgnoreCase: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  StringLike: (actual, expected) => wildcard(expected, actual),
  ArnEquals: (actual, expected) => wildcard(expected, actual),
  ArnLike: (actual, expected) => wildcard(expected, actual),
  Bool: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  NumericEquals: numeric((a, b) => a === b),
  NumericLessThan: numeric((a, b) => a < b),
  NumericLessThanEquals: numeric((a, b) => a <= b),
  NumericGreaterThan: numeric((a, b) => a > b),
  NumericGreaterThanEquals: numeric((a, b) => a >= b),
  DateEquals: date((a, b) => a === b),
  DateLessThan: date((a, b) => a < b),
  DateLessThanEquals: date((a, b) => a <= b),
  DateGreaterThan: date((a, b) => a > b),
  DateGreaterThanEquals: date((a, b) => a >= b),
  IpAddress: sameAddress,
}

/** An operator and whether it is turned round: `StringNotEquals`, `NotIpAddress`. */
function operatorTest(name: string): { test: Test; negated: boolean } | undefined {
  const plain = tests[name]
  if (plain) return { test: plain, negated: false }
  const positive = tests[name.replace('Not', '')]
  return positive && name.includes('Not') ? { test: positive, negated: true } : undefined
}

function holds(condition: Statement['conditions'][number], context: RequestContext): boolean {
  const [, set, base = '', ifExists] = /^(ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?$/.exec(condition.operator) ?? []
  const actual = context.get(condition.key.toLowerCase()) ?? []
  if (base === 'Null')
    return condition.values.some((wanted) => (wanted.toLowerCase() === 'true') === (actual.length === 0))
  const operator = operatorTest(base)
  if (!operator) return false
  if (actual.length === 0) {
    if (ifExists || set === 'ForAllValues:') return true
    // A missing key never equals anything, so "not equals" holds; except that no value of an empty set does.
    return set === undefined && operator.negated
  }
  const one = (value: string) => {
    const matches = condition.values.some((expected) => operator.test(value, expected))
    return operator.negated ? !matches : matches
  }
  return set === 'ForAnyValue:' ? actual.some(one) : actual.every(one)
}

/** Every condition must hold; an operator nobody knows never does. */
export function conditionsHold(statement: Statement, context: RequestContext): boolean {
  return statement.conditions.every((condition) => holds(condition, context))
}
