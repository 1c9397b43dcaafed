import type { Exchange } from './exchange.ts'
import { faultProblem } from './fault-problem.ts'
import { readFaults } from './faults.ts'
import type { Answer } from './http/answer.ts'
import { type AwsRequest, header, readBody } from './http/request.ts'
import { administratorPolicy, roleArn, userArn } from './iam/iam-store.ts'
import { MalformedPolicy } from './iam/policy.ts'
import { sandboxInfo } from './info.ts'
import { keyStates } from './kms/key.ts'
import { readRehearsal } from './rehearsal.ts'
import { sandboxView } from './view.ts'
import type { World } from './world.ts'

/** What the Sandbox page, the command and tests steer a sandbox with: `/_sandbox/…`, JSON both ways. */
export function isControl(request: AwsRequest): boolean {
  return request.path.startsWith('/_sandbox/')
}

function json(value: unknown, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(value, null, 2)}\n` }
}

const done: Answer = { status: 204, headers: {}, body: undefined }
const refuse = (status: number, message: string) => json({ error: message }, status)

/** A web page that somebody happens to visit must not steer it: browsers name their origin, and their host. */
function isFromBrowser(request: AwsRequest): boolean {
  const host = (header(request, 'host') ?? '').replace(/:\d+$/, '')
  return header(request, 'origin') !== undefined || !['127.0.0.1', 'localhost', '[::1]'].includes(host)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}

async function putFaults(body: unknown, world: World): Promise<Answer> {
  const faults = readFaults(body)
  if (typeof faults === 'string') return refuse(400, faults)
  const problem = faults.map(faultProblem).find((one) => one !== undefined)
  if (problem !== undefined) return refuse(400, problem)
  world.faults.set(faults)
  return json(world.faults.list())
}

function putRehearsal(body: unknown, world: World): Answer {
  const wish = readRehearsal(body)
  const trouble = typeof wish === 'string' ? wish : world.rehearsals.start(wish, world)
  return trouble === undefined ? json(world.rehearsals.active) : refuse(400, trouble)
}

function putClock(body: unknown, world: World): Answer {
  const { now, advanceSeconds } = isRecord(body) ? body : {}
  const time = typeof now === 'string' ? Date.parse(now) : typeof now === 'number' ? now : Number.NaN
  if (typeof advanceSeconds === 'number') world.clock.moveTo(world.clock.now() + advanceSeconds * 1000)
  else if (Number.isFinite(time)) world.clock.moveTo(time)
  else return refuse(400, 'Give {"now": "2027-01-31T00:00:00Z"} or {"advanceSeconds": 86400}.')
  return json({ now: new Date(world.clock.now()).toISOString() })
}

/** `{ "policy": … }` or `{ "policies": { name: … } }`; nothing means an administrator. */
function policiesOf(body: Record<string, unknown>): Record<string, string> {
  if (isRecord(body.policies)) {
    return Object.fromEntries(Object.entries(body.policies).map(([name, policy]) => [name, text(policy) ?? '']))
  }
  const policy = text(body.policy)
  return policy === undefined ? { AdministratorAccess: administratorPolicy } : { policy }
}

function putPrincipal(kind: string, account: string, name: string, body: unknown, world: World): Answer {
  const wish = isRecord(body) ? body : {}
  if (kind === 'users') {
    const known = world.iam.user(account, name)
    const user = world.iam.putUser(account, name, policiesOf(wish))
    const { accessKeyId, secretAccessKey } = user
    // Like IAM, it shows the secret once, when the key is made.
    return json({ arn: userArn(user), accessKeyId, ...(!known && { secretAccessKey }) })
  }
  const role = world.iam.putRole({
    account,
    name,
    trustPolicy: text(wish.trustPolicy) ?? '',
    policies: wish.policy === undefined && wish.policies === undefined ? {} : policiesOf(wish),
    maxSessionDuration: typeof wish.maxSessionDuration === 'number' ? wish.maxSessionDuration : 3600,
  })
  return json({ arn: roleArn(role) })
}

/** States that no call leads to, such as `Unavailable`, are set here. */
function putKeyState(body: unknown, world: World): Answer {
  const { keyArn, state } = isRecord(body) ? body : {}
  const key = world.keys.allKeys().find((candidate) => candidate.arn === keyArn)
  const next = keyStates.find((candidate) => candidate === state)
  if (!key || !next) return refuse(400, `Give {"keyArn": …, "state": one of ${keyStates.join(', ')}}.`)
  key.state = next
  if (next === 'PendingDeletion') key.deletion ??= { date: world.clock.now() + 30 * 86_400_000, days: 30 }
  else delete key.deletion
  world.keys.saveKey(key)
  return json({ keyArn, state })
}

function withoutSecrets(world: World, endpoint: string): unknown {
  const info = sandboxInfo(world, endpoint)
  return { ...info, accounts: info.accounts.map(({ id, accessKeyId, arn }) => ({ id, accessKeyId, arn })) }
}

async function act(method: string, parts: string[], body: unknown, world: World, endpoint: string): Promise<Answer> {
  const [what, account = '', ...rest] = parts
  switch (`${method} ${what}`) {
    case 'GET info':
      return json(withoutSecrets(world, endpoint))
    case 'GET view':
      return json(sandboxView(world, endpoint))
    case 'GET rehearsal':
      return json(world.rehearsals.active)
    case 'PUT rehearsal':
      return putRehearsal(body, world)
    case 'DELETE rehearsal':
      world.rehearsals.end(world)
      return done
    case 'GET faults':
      return json(world.faults.list())
    case 'PUT faults':
      return putFaults(body, world)
    case 'DELETE faults':
      world.faults.set([])
      return done
    case 'GET requests':
      return json(world.log.report())
    case 'DELETE requests':
      world.log.clear()
      return done
    case 'GET clock':
      return json({ now: new Date(world.clock.now()).toISOString() })
    case 'PUT clock':
      return putClock(body, world)
    case 'DELETE clock':
      world.clock.reset()
      return done
    case 'DELETE objects':
      await world.buckets.empty()
      return done
    case 'PUT key-state':
      return putKeyState(body, world)
    case 'PUT users':
    case 'PUT roles':
      return putPrincipal(what ?? '', account, rest.join('/'), body, world)
    case 'DELETE users':
      world.iam.deleteUser(account, rest.join('/'))
      return done
    case 'DELETE roles':
      world.iam.deleteRole(roleArn({ account, name: rest.join('/') }))
      return done
    default:
      return refuse(404, 'No such control.')
  }
}

export async function handleControl(
  exchange: Pick<Exchange, 'request'>,
  world: World,
  endpoint: string,
): Promise<Answer> {
  const { request } = exchange
  if (isFromBrowser(request)) return refuse(403, 'Not from a web page.')
  const bytes = await readBody(request, 1 << 20)
  let body: unknown
  try {
    body = bytes && bytes.length > 0 ? JSON.parse(bytes.toString('utf8')) : undefined
  } catch {
    return refuse(400, 'The body is not valid JSON.')
  }
  const parts = request.path.slice('/_sandbox/'.length).split('/').map(decodeURIComponent)
  try {
    return await act(request.method, parts, body, world, endpoint)
  } catch (error) {
    if (error instanceof MalformedPolicy) return refuse(400, error.message)
    throw error
  }
}
