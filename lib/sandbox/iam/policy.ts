/** A policy document after parsing: every list a list, every value text. */
export interface Statement {
  effect: 'Allow' | 'Deny'
  /** `AWS`, `Service`, `Federated`, … with their values; absent in identity-based policies. */
  principals?: Record<string, string[]>
  notPrincipals?: Record<string, string[]>
  actions?: string[]
  notActions?: string[]
  resources?: string[]
  notResources?: string[]
  /** operator, condition key, values */
  conditions: { operator: string; key: string; values: string[] }[]
}

export interface Policy {
  statements: Statement[]
}

/** Why a document is no policy; the message is for the service to word. */
export class MalformedPolicy extends Error {}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function texts(value: unknown, what: string): string[] {
  const list = Array.isArray(value) ? value : [value]
  return list.map((item) => {
    if (typeof item === 'string') return item
    if (typeof item === 'number' || typeof item === 'boolean') return String(item)
    throw new MalformedPolicy(`${what} must be text`)
  })
}

function principals(value: unknown): Record<string, string[]> {
  if (value === '*') return { AWS: ['*'] }
  if (!isRecord(value)) throw new MalformedPolicy('Invalid principal')
  return Object.fromEntries(Object.entries(value).map(([kind, names]) => [kind, texts(names, 'Principal')]))
}

function conditions(value: unknown): Statement['conditions'] {
  if (value === undefined) return []
  if (!isRecord(value)) throw new MalformedPolicy('Invalid condition')
  return Object.entries(value).flatMap(([operator, tests]) => {
    if (!isRecord(tests)) throw new MalformedPolicy('Invalid condition')
    return Object.entries(tests).map(([key, values]) => ({ operator, key, values: texts(values, 'Condition') }))
  })
}

function statement(value: unknown, kind: 'identity' | 'resource'): Statement {
  if (!isRecord(value)) throw new MalformedPolicy('A statement must be an object')
  const effect = value.Effect
  if (effect !== 'Allow' && effect !== 'Deny') throw new MalformedPolicy('Missing required field Effect')
  if (value.Action === undefined && value.NotAction === undefined)
    throw new MalformedPolicy('Missing required field Action')
  const named = value.Principal !== undefined || value.NotPrincipal !== undefined
  if (kind === 'resource' && !named) throw new MalformedPolicy('Missing required field Principal')
  if (kind === 'identity' && named) throw new MalformedPolicy('Policy document should not specify a principal')
  const parsed: Statement = { effect, conditions: conditions(value.Condition) }
  if (value.Principal !== undefined) parsed.principals = principals(value.Principal)
  if (value.NotPrincipal !== undefined) parsed.notPrincipals = principals(value.NotPrincipal)
  if (value.Action !== undefined) parsed.actions = texts(value.Action, 'Action')
  if (value.NotAction !== undefined) parsed.notActions = texts(value.NotAction, 'NotAction')
  if (value.Resource !== undefined) parsed.resources = texts(value.Resource, 'Resource')
  if (value.NotResource !== undefined) parsed.notResources = texts(value.NotResource, 'NotResource')
  return parsed
}

/** Throws MalformedPolicy. A trust policy is a resource policy without resources. */
export function parsePolicy(text: string, kind: 'identity' | 'resource'): Policy {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new MalformedPolicy('Not valid JSON', { cause })
  }
  if (!isRecord(document) || document.Statement === undefined)
    throw new MalformedPolicy('Missing required field Statement')
  const list: unknown[] = Array.isArray(document.Statement) ? document.Statement : [document.Statement]
  return { statements: list.map((item) => statement(item, kind)) }
}
