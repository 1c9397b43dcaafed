import { randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { whyGuessable } from './guessable-password.ts'

const email = 'ada.lovelace@example.test'
const why = (password: string) => whyGuessable(password, email)

test.each([
  [
    'it repeats',
    ['aaaaaaaaaaaa', 'abcabcabcabc', 'passwordpassword', 'PasswordPassword!', 'qwertyqwerty12', 'x9#kQx9#kQx9#kQ'],
  ],
  [
    'it is made of neighbouring',
    ['123456789012', 'abcdefghijkl', 'qwertyuiop[]', '1qaz2wsx3edc', 'qwerty123456', 'zyxwvutsrqpo', '111122223333'],
  ],
  [
    'it is known',
    [
      '1q2w3e4r5t6y',
      'iloveyou2024',
      'Password123!',
      'P@ssw0rd1234',
      '12345password',
      'dragon20261123',
      'sup3rm4n!!!!',
      'let me in 2026',
      'counterstrike',
      'administrator1',
    ],
  ],
  [
    'it is little more',
    [
      'ada.lovelace@example.test',
      'adalovelace1',
      'Ada-Lovelace-2026',
      'example-ada-1',
      'vaultconsole',
      'Vault-Console-26',
      'AdminPassword1',
      'byok-backup-vault',
      'v4ultc0ns0le',
    ],
  ],
])('%s: %j', async (reason, passwords) => {
  for (const password of passwords) {
    const said = await why(password)
    expect(said, password).toMatch(new RegExp(`^${reason}`))
    expect(said).toContain('Take four or more words')
    expect(said).not.toContain(password)
  }
})

test.each([
  'correct horse battery',
  'long enough here',
  'the vault is behind the old clock',
  'Ada likes seven purple umbrellas',
  'horse-battery-staple-horse-battery-staple-',
  'dragon483920174650',
  '739105826410',
  'Σωκράτης-και-θάλασσα',
  'Tr0ub4dor&3-xkcd',
])('fine: %s', async (password) => {
  expect(await why(password)).toBeUndefined()
})

test('of what a password manager makes, nothing is refused', async () => {
  for (let round = 0; round < 2000; round += 1) {
    const password = randomBytes(12).toString('base64')
    expect(await why(password), password).toBeUndefined()
  }
})

test('nothing hashes a new password that was not looked at', () => {
  const folder = import.meta.dirname
  const hashing = globSync('../**/*.ts', { cwd: folder }).filter(
    (file) => !/test/.test(file) && /\bhashPassword\(/.test(readFileSync(path.join(folder, file), 'utf8')),
  )
  expect(hashing.map((file) => path.basename(file)).sort()).toEqual([
    'add-user.ts',
    'change-own-password.ts',
    'set-password.ts',
    'setup.ts',
  ])
  for (const file of hashing)
    expect(readFileSync(path.join(folder, file), 'utf8'), file).toMatch(/\brefuseGuessable\(|\bwhyGuessable\(/)
})
