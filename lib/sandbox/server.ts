import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { postNotice, removeNotice } from './attach.ts'
import { AwsError } from './aws-error.ts'
import { Clock } from './clock.ts'
import { handleControl, isControl } from './control.ts'
import { ConnectionReset, type Exchange } from './exchange.ts'
import { Faults } from './faults.ts'
import { type Answer, send } from './http/answer.ts'
import type { Service } from './http/refusal.ts'
import { type AwsRequest, header, queryValue, readRequest } from './http/request.ts'
import { IamStore } from './iam/iam-store.ts'
import { type SandboxInfo, sandboxInfo } from './info.ts'
import { handleKms, kmsError } from './kms/handle.ts'
import { KeyStore } from './kms/key-store.ts'
import { Rehearsals } from './rehearsal.ts'
import { RequestLog } from './request-log.ts'
import { BucketStore } from './s3/bucket-store.ts'
import { handleS3, s3Error, s3RequestId } from './s3/handle.ts'
import { seed } from './seed.ts'
import { handleSts, stsError } from './sts/handle.ts'
import type { World } from './world.ts'

export interface SandboxOptions {
  /** Made if it is not there, readable by its owner only. */
  dataDir: string
  /** 0 is any free one. */
  port: number
  /** Milliseconds since 1970; for tests. */
  clock?: () => number
  /** Bytes that all objects together may take; 10 GiB. */
  capacity?: number
}

export interface Sandbox {
  /** `http://127.0.0.1:PORT` */
  endpoint: string
  info(): SandboxInfo
  /** Requests that it has begun and not ended, also those whose client has gone. */
  underWay(): number
  close(): Promise<void>
}

const defaultCapacity = 10 * 2 ** 30

/** A stand-in for AWS KMS, STS and S3 on one loopback port: for development, rehearsal and tests. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const world = openWorld(options)
  let endpoint = ''
  let underWay = 0
  const listener = (waits: boolean) => (message: IncomingMessage, response: ServerResponse) => {
    underWay += 1
    void serve(message, response, waits, world, endpoint).finally(() => {
      underWay -= 1
    })
  }
  const server = createServer(
    { keepAliveTimeout: 60_000, maxHeaderSize: 64 * 1024, requestTimeout: 0 },
    listener(false),
  )
  server.on('checkContinue', listener(true))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', () => resolve())
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  endpoint = `http://127.0.0.1:${port}`
  postNotice(options.dataDir, endpoint)
  return {
    endpoint,
    info: () => sandboxInfo(world, endpoint),
    underWay: () => underWay,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const patience = setTimeout(() => server.closeAllConnections(), 2000)
      await closed
      clearTimeout(patience)
      world.keys.saveAll()
      removeNotice(options.dataDir)
      await world.buckets.close()
    },
  }
}

function openWorld(options: SandboxOptions): World {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  chmodSync(options.dataDir, 0o700)
  const clock = new Clock(options.clock)
  const world: World = {
    dataDir: options.dataDir,
    clock,
    iam: new IamStore(options.dataDir),
    keys: new KeyStore(options.dataDir, clock),
    buckets: new BucketStore(options.dataDir, options.capacity ?? defaultCapacity),
    faults: new Faults(),
    log: new RequestLog(),
    rehearsals: new Rehearsals(options.dataDir),
  }
  if (world.iam.isEmpty) seed(world)
  world.rehearsals.resume(world)
  return world
}

/** By what the signature is for; an unsigned request is told by its shape. */
function serviceOf(request: AwsRequest): Service {
  const credential = header(request, 'authorization') ?? queryValue(request, 'X-Amz-Credential') ?? ''
  const scope = /\/(kms|sts|s3)\/aws4_request/.exec(credential)?.[1]
  if (header(request, 'x-amz-target')?.startsWith('TrentService.')) return 'kms'
  if (scope === 'sts' || scope === 's3') return scope
  if (scope === undefined && request.path === '/' && request.method === 'POST') return 'sts'
  return scope === 'kms' ? 'kms' : 's3'
}

async function answerOf(exchange: Exchange, world: World): Promise<Answer> {
  try {
    if (exchange.service === 'kms') return await handleKms(exchange, world)
    if (exchange.service === 'sts') return await handleSts(exchange, world)
    return await handleS3(exchange, world)
  } catch (thrown) {
    if (thrown instanceof ConnectionReset || hasGone(exchange.request.message)) throw thrown
    const error = thrown instanceof AwsError ? thrown : unexpected(thrown)
    if (exchange.service === 'kms') return kmsError(error, exchange)
    if (exchange.service === 'sts') return stsError(error, exchange)
    return s3Error(error, exchange, world)
  }
}

/** The client went away in the middle of its body: nobody is left to answer. */
function hasGone(message: IncomingMessage): boolean {
  return message.destroyed && !message.complete
}

function unexpected(thrown: unknown): AwsError {
  console.error('sandbox:', thrown)
  return new AwsError('InternalError', 'We encountered an internal error. Please try again.', 500)
}

async function serve(
  message: IncomingMessage,
  response: ServerResponse,
  waits: boolean,
  world: World,
  endpoint: string,
): Promise<void> {
  response.on('error', () => response.destroy())
  const request = readRequest(message, response, waits)
  if (!request) {
    response.writeHead(400).end()
    return
  }
  try {
    if (isControl(request)) {
      await send(response, await handleControl({ request }, world, endpoint), request.method, undefined)
      return
    }
    const service = serviceOf(request)
    const exchange: Exchange = {
      request,
      response,
      requestId: service === 's3' ? s3RequestId() : randomUUID(),
      service,
      operation: '',
      keyNames: [],
      bucket: undefined,
      damage: undefined,
    }
    const answer = await answerOf(exchange, world)
    if (service === 's3') {
      response.setHeader('x-amz-request-id', exchange.requestId)
      response.setHeader('x-amz-id-2', Buffer.from(exchange.requestId).toString('base64'))
    }
    note(exchange, answer, world)
    // An answer that comes before the body has been read leaves the connection unusable.
    if (!message.complete) response.setHeader('connection', 'close')
    await send(response, answer, request.method, exchange.damage)
  } catch (error) {
    if (!(error instanceof ConnectionReset) && !hasGone(message)) console.error('sandbox:', error)
    // Null once the connection is gone, whatever its type says: a rejection that nobody sees would end the sandbox.
    message.socket?.destroy()
  }
}

function note(exchange: Exchange, answer: Answer, world: World): void {
  const code = answer.status < 400 || typeof answer.body !== 'string' ? undefined : errorCode(answer.body)
  const resource = exchange.keyNames[0] ?? exchange.bucket
  world.log.add({
    time: new Date(world.clock.now()).toISOString(),
    service: exchange.service,
    operation: exchange.operation,
    status: answer.status,
    ...(code !== undefined && { code }),
    ...(resource !== undefined && { resource }),
  })
}

function errorCode(body: string): string | undefined {
  return /"__type":"([^"]+)"|<Code>([^<]+)<\/Code>/
    .exec(body)
    ?.slice(1)
    .find((code) => code !== undefined)
}
