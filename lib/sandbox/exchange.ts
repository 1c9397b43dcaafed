import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { AwsError } from './aws-error.ts'
import type { Damage } from './http/answer.ts'
import type { Service } from './http/refusal.ts'
import type { AwsRequest } from './http/request.ts'
import { deniedMessage } from './iam/evaluate.ts'
import type { Principal } from './iam/principal.ts'
import type { FaultEffect } from './schema.ts'
import type { World } from './world.ts'

/** One request on its way through a service; the service fills in what it finds out. */
export interface Exchange {
  request: AwsRequest
  response: ServerResponse
  requestId: string
  service: Service
  operation: string
  keyNames: string[]
  bucket: string | undefined
  damage: Damage
}

/** Thrown to drop the connection without an answer. */
export class ConnectionReset extends Error {}

const refusals: Record<
  Service,
  Record<Exclude<FaultEffect, 'AccessDenied' | 'Reset' | 'Truncate' | 'CorruptBody' | 'Latency'>, () => AwsError>
> = {
  kms: {
    Throttle: () =>
      new AwsError(
        'ThrottlingException',
        'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
      ),
    InternalError: () => new AwsError('KMSInternalException', 'An internal error occurred.', 500),
    Outage: () => new AwsError('ServiceUnavailable', 'The service is unavailable. Please try again later.', 503),
  },
  sts: {
    Throttle: () => new AwsError('Throttling', 'Rate exceeded'),
    InternalError: () => new AwsError('InternalFailure', 'An internal error occurred.', 500),
    Outage: () => new AwsError('ServiceUnavailable', 'The service is unavailable. Please try again later.', 503),
  },
  s3: {
    Throttle: () => new AwsError('SlowDown', 'Please reduce your request rate.', 503),
    InternalError: () => new AwsError('InternalError', 'We encountered an internal error. Please try again.', 500),
    Outage: () => new AwsError('ServiceUnavailable', 'Service is unable to handle request.', 503),
  },
}

/** Lets the armed faults strike: waits, throws AwsError or ConnectionReset, or marks the answer for damage. */
export async function sufferFaults(exchange: Exchange, principal: Principal, world: World): Promise<void> {
  for (const fault of [...world.faults.strike(exchange), ...world.rehearsals.faults.strike(exchange)]) {
    if (fault.latencyMs) await wait(fault.latencyMs)
    switch (fault.effect) {
      case 'Latency':
        break
      case 'Reset':
        throw new ConnectionReset()
      case 'Truncate':
      case 'CorruptBody':
        exchange.damage = fault.effect
        break
      case 'AccessDenied': {
        const action = `${exchange.service}:${exchange.operation}`
        const target =
          exchange.keyNames.find((name) => name.includes(':key/')) ??
          (exchange.bucket && `arn:aws:s3:::${exchange.bucket}`)
        const message = deniedMessage(
          { principal, action },
          target ? `on resource: ${target}` : '',
          'with an explicit deny in an identity-based policy',
        )
        throw exchange.service === 'kms'
          ? new AwsError('AccessDeniedException', message)
          : new AwsError('AccessDenied', message, 403)
      }
      default:
        throw refusals[exchange.service][fault.effect]()
    }
  }
}
