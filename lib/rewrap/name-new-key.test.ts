import { expect, test } from 'vitest'
import { savingConsole } from '#lib/environment/saving-console-for-tests.ts'
import { nameNewKey } from './name-new-key.ts'

const here = savingConsole()

test('a key that is named for a re-wrap is proven; the role, whose owner hears of each try, is not', async () => {
  const role = { credentials: 'assume-role', roleArn: 'arn:aws:iam::111122223333:role/vault-backups' } as const
  await here.sandbox.control('DELETE', 'requests')
  await here.saveOn(0, here.own({ ...role, accessKeyId: '', secretAccessKey: '' }))
  expect((await here.sandbox.control('GET', 'requests')).counts.sts).toMatchObject({ AssumeRole: 3 })
  await here.sandbox.control('DELETE', 'requests')
  expect(await nameNewKey(here.context, here.key('archive'))).toBe(here.key('archive'))
  const { counts } = await here.sandbox.control('GET', 'requests')
  expect(counts.kms).toMatchObject({ Encrypt: 1, Decrypt: 2 })
  expect(counts.sts).toMatchObject({ AssumeRole: 1 })
})
