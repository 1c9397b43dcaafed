import { AwsError } from '../aws-error.ts'
import { authorize } from './authorize.ts'
import { findOwnKey } from './find-key.ts'
import { requireState } from './key-state.ts'
import type { KmsCall, KmsHandler } from './kms-call.ts'
import { page } from './page.ts'

export function readTags(call: KmsCall): [string, string][] {
  return call.input.structures('Tags').map((tag) => {
    return [tag.requiredString('TagKey', { min: 1, max: 128 }), tag.requiredString('TagValue', { max: 256 })]
  })
}

export function checkTags(tags: [string, string][]): void {
  const names = tags.map(([name]) => name)
  if (new Set(names).size < names.length) throw new AwsError('TagException', 'Duplicate tag keys')
  if (names.length > 50) throw new AwsError('TagException', 'Too many tags')
  if (names.some((name) => name.toLowerCase().startsWith('aws:'))) {
    throw new AwsError('TagException', 'Tags beginning with aws: are reserved')
  }
}

export const tagResource: KmsHandler = (call) => {
  const tags = readTags(call)
  const key = findOwnKey(call)
  authorize(call, key, 'TagResource')
  checkTags(tags)
  requireState(key, 'TagResource')
  const all = { ...key.tags, ...Object.fromEntries(tags) }
  checkTags(Object.entries(all))
  key.tags = all
  call.keys.saveKey(key)
  return undefined
}

export const untagResource: KmsHandler = (call) => {
  const names = call.input.strings('TagKeys')
  const key = findOwnKey(call)
  authorize(call, key, 'UntagResource')
  requireState(key, 'UntagResource')
  key.tags = Object.fromEntries(Object.entries(key.tags).filter(([name]) => !names.includes(name)))
  call.keys.saveKey(key)
  return undefined
}

export const listResourceTags: KmsHandler = (call) => {
  const key = findOwnKey(call)
  authorize(call, key, 'ListResourceTags')
  const { items, rest } = page(call.input, Object.entries(key.tags), { usual: 50, max: 50 })
  return { Tags: items.map(([name, value]) => ({ TagKey: name, TagValue: value })), ...rest }
}
