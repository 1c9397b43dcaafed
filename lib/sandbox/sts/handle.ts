import { createHash } from 'node:crypto'
import { AwsError } from '../aws-error.ts'
import { type Exchange, sufferFaults } from '../exchange.ts'
import type { Answer } from '../http/answer.ts'
import { authenticate } from '../http/authenticate.ts'
import { readBody } from '../http/request.ts'
import { type Xml, xmlDocument } from '../http/xml-write.ts'
import type { World } from '../world.ts'
import { assumeRole } from './assume-role.ts'

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** STS speaks the Query protocol: a form in, XML out. */
export async function handleSts(exchange: Exchange, world: World): Promise<Answer> {
  const { request } = exchange
  const body = await readBody(request, 1 << 20)
  if (!body) throw new AwsError('RequestEntityTooLarge', 'Request is too large.', 413)
  const form = new URLSearchParams(request.method === 'GET' ? request.query : body.toString('utf8'))
  exchange.operation = form.get('Action') ?? ''
  const hash = createHash('sha256').update(body).digest('hex')
  const caller = authenticate(request, 'sts', hash, world)
  await sufferFaults(exchange, caller.principal, world)
  const perform = stsOperations.get(exchange.operation)
  if (!perform)
    throw new AwsError('InvalidAction', `Could not find operation ${exchange.operation} for version 2011-06-15`)
  const result = perform(form, caller, world)
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': exchange.requestId },
    body: xmlDocument(`${exchange.operation}Response`, namespace, {
      [`${exchange.operation}Result`]: result,
      ResponseMetadata: { RequestId: exchange.requestId },
    }),
  }
}

type StsHandler = (
  form: URLSearchParams,
  caller: ReturnType<typeof authenticate>,
  world: World,
) => { [name: string]: Xml }

/** Every operation of STS that there is here, by the name in `Action`. */
export const stsOperations: ReadonlyMap<string, StsHandler> = new Map<string, StsHandler>([
  // Needs no permission, and an explicit deny does not stop it.
  [
    'GetCallerIdentity',
    (_, { principal }) => ({ Arn: principal.arn, UserId: principal.userId, Account: principal.account }),
  ],
  ['AssumeRole', (form, { principal, region }, world) => assumeRole(form, principal, region, world)],
])

export function stsError(error: AwsError, exchange: Exchange): Answer {
  return {
    status: error.status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': exchange.requestId },
    body: xmlDocument('ErrorResponse', namespace, {
      Error: { Type: error.status < 500 ? 'Sender' : 'Receiver', Code: error.code, Message: error.message },
      RequestId: exchange.requestId,
    }),
  }
}
