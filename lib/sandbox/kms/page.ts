import { AwsError } from '../aws-error.ts'
import type { Input } from './input.ts'

/** One page of a list, by `Limit` and `Marker`. The marker is the place to go on from. */
export function page<Item>(
  input: Input,
  items: Item[],
  limits: { usual: number; max: number },
): { items: Item[]; rest: { Truncated: boolean; NextMarker?: string } } {
  const limit = input.number('Limit', { min: 1, max: limits.max }) ?? limits.usual
  const marker = input.string('Marker', { min: 1, max: 1024 })
  const start = marker === undefined ? 0 : Number(Buffer.from(marker, 'base64url').toString())
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError('InvalidMarkerException', 'Could not deserialize marker')
  const end = start + limit
  const more = end < items.length
  return {
    items: items.slice(start, end),
    rest: more ? { Truncated: true, NextMarker: Buffer.from(String(end)).toString('base64url') } : { Truncated: false },
  }
}
