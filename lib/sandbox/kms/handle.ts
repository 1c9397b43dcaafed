import { createHash } from 'node:crypto'
import { parseArn } from '../arn.ts'
import { AwsError } from '../aws-error.ts'
import { type Exchange, sufferFaults } from '../exchange.ts'
import type { Answer } from '../http/answer.ts'
import { authenticate } from '../http/authenticate.ts'
import { header, readBody } from '../http/request.ts'
import type { World } from '../world.ts'
import { readBlob } from './ciphertext.ts'
import { Input } from './input.ts'
import { aliasArn, type Key } from './key.ts'
import type { KmsCall } from './kms-call.ts'
import { kmsOperations } from './operations.ts'

const contentType = 'application/x-amz-json-1.1'
const bodyLimit = 1 << 20

/** The keys that a request names, for faults and the log; what it does not find is not its business. */
function namedKeys(call: KmsCall): Key[] {
  const members = ['KeyId', 'TargetKeyId', 'SourceKeyId', 'DestinationKeyId']
  const names = members.flatMap((member) => call.input.string(member) ?? [])
  const found = names.flatMap((name) => {
    const arn = parseArn(name)
    const local = arn?.resource.replace(/^key\//, '') ?? name
    const shelf = call.keys.shelf(arn?.account ?? call.caller.account, call.region)
    const alias = shelf.aliases.find((candidate) => candidate.name === local)
    return shelf.keys.find((key) => key.id === (alias?.keyId ?? local)) ?? []
  })
  if (found.length > 0 || !call.input.has('CiphertextBlob')) return found
  const blob = readBlob(Buffer.from(call.input.string('CiphertextBlob') ?? '', 'base64'))
  const key = blob && call.keys.key(blob.account, call.region, blob.keyId)
  return key ? [key] : []
}

function namesOf(key: Key, call: KmsCall): string[] {
  const aliases = call.keys.shelf(key.account, key.region).aliases.filter((alias) => alias.keyId === key.id)
  return [key.arn, key.id, ...aliases.flatMap(({ name }) => [name, aliasArn(key.account, key.region, name)])]
}

/** KMS speaks JSON 1.1: the operation is in `X-Amz-Target`. */
export async function handleKms(exchange: Exchange, world: World): Promise<Answer> {
  const { request } = exchange
  exchange.operation = (header(request, 'x-amz-target') ?? '').replace(/^TrentService\./, '')
  const body = await readBody(request, bodyLimit)
  if (!body) throw new AwsError('RequestEntityTooLargeException', 'Request is too large.', 413)
  const hash = createHash('sha256').update(body).digest('hex')
  const caller = authenticate(request, 'kms', hash, world)
  const handler = kmsOperations.get(exchange.operation)
  if (!handler) throw new AwsError('UnknownOperationException', '')
  const call: KmsCall = {
    operation: exchange.operation,
    input: new Input(body.toString('utf8')),
    caller: caller.principal,
    region: caller.region,
    requestId: exchange.requestId,
    keys: world.keys,
    iam: world.iam,
    clock: world.clock,
  }
  exchange.keyNames = namedKeys(call).flatMap((key) => namesOf(key, call))
  await sufferFaults(exchange, caller.principal, world)
  const answer = await handler(call)
  return {
    status: 200,
    headers: { 'content-type': contentType, 'x-amzn-requestid': exchange.requestId },
    body: answer === undefined ? '' : JSON.stringify(answer),
  }
}

export function kmsError(error: AwsError, exchange: Exchange): Answer {
  const body: { __type: string; message?: string } = { __type: error.code }
  if (error.message) body.message = error.message
  return {
    status: error.status,
    headers: { 'content-type': contentType, 'x-amzn-requestid': exchange.requestId },
    body: JSON.stringify(body),
  }
}
