import { expect, test } from 'vitest'
import { can, createTokenSchema, emailSchema, type Permission, passwordSchema, roles, setupSchema } from './schema.ts'

test('who may do what', () => {
  const table: Record<Permission, [administrator: boolean, operator: boolean, viewer: boolean]> = {
    'environment.read': [true, true, true],
    'environment.change': [true, false, false],
    'key.check': [true, true, false],
    'key.rewrap': [true, false, false],
    'backup.read': [true, true, true],
    'backup.run': [true, true, false],
    'backup.delete': [true, false, false],
    'backup.shred': [true, false, false],
    'key.retire': [true, false, false],
    'schedule.change': [true, false, false],
    'restore.run': [true, true, false],
    'audit.read': [true, false, false],
    'token.manage': [true, true, true],
    'token.revoke-any': [true, false, false],
    'seal.read': [true, false, false],
    'seal.change': [true, false, false],
    'alerts.change': [true, false, false],
    'sandbox.rehearse': [true, false, false],
    'user.manage': [true, false, false],
    'account.change': [true, true, true],
  }
  const asked = Object.fromEntries(
    Object.keys(table).map((permission) => [permission, roles.map((role) => can(role, permission as Permission))]),
  )
  expect(asked).toEqual(table)
})

test('passwords: long enough, and long ones are taken', () => {
  expect(passwordSchema.safeParse('x'.repeat(11)).success).toBe(false)
  expect(passwordSchema.safeParse('x'.repeat(12)).success).toBe(true)
  expect(passwordSchema.safeParse('x'.repeat(128)).success).toBe(true)
  expect(passwordSchema.safeParse('x'.repeat(129)).success).toBe(false)
})

test('addresses are one, however they are written', () => {
  expect(emailSchema.parse('Admin@Example.TEST')).toBe('admin@example.test')
  for (const wrong of ['', 'admin', 'admin@', '@example.test', 'a b@example.test', 'a@b\0.test', 'a@example.test\n'])
    expect(emailSchema.safeParse(wrong).success).toBe(false)
})

test('a token’s name neither acts on a terminal nor turns the reading order', () => {
  const named = (name: string) => createTokenSchema.safeParse({ name, scopes: ['backup:read'], expires: '1d' }).success
  expect(['nightly', 'גיבוי לילי', 'نسخ 7'].map(named)).toEqual([true, true, true])
  for (const character of ['\0', '\u001b', '\u009b', '\u202e', '\u2066'])
    expect(named(`dump${character}gpj.exe`), JSON.stringify(character)).toBe(false)
})

test('a role that is sent along with a setup is ignored', () => {
  const sent = { token: 't', name: 'A', email: 'a@example.test', password: 'x'.repeat(12), role: 'viewer', id: '1' }
  expect(Object.keys(setupSchema.parse(sent)).sort()).toEqual(['email', 'name', 'password', 'token'])
})
