import { expect, test, vi } from 'vitest'
import { printKeyTroubles } from './print-key-troubles.ts'

const arn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const remedies = [{ label: 'Key policy', note: '', formats: [{ format: 'json' as const, file: 'a', text: '{}' }] }]
const diagnosis = {
  title: 'Decrypt was refused',
  detail: 'KMS said no.',
  cause: 'A Deny.',
  fix: 'Remove it.',
  remedies,
}
const trouble = { arn, state: 'refused' as const, since: '2026-11-20T08:00:00.000Z', checkedAt: null, diagnosis }

function printed(backup: Parameters<typeof printKeyTroubles>[0]): string {
  let text = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((piece) => {
    text += piece
    return true
  })
  printKeyTroubles(backup)
  write.mockRestore()
  return text
}

test('a backup with another key is not said to be locked, and one without is', () => {
  const rest = `  Decrypt was refused. KMS said no.\n  Why: A Deny.\n  To mend it: Remove it. byok key health ${arn} has it to copy.\n`
  expect(printed({ locked: false, keyTroubles: [trouble] })).toBe(
    `! Key ${arn} is refused, and opens nothing now; another of its keys may open this backup.\n${rest}`,
  )
  expect(printed({ locked: true, keyTroubles: [trouble] })).toBe(
    `! Key ${arn} is refused, and opens nothing now.\n${rest}! Nothing opens this backup until one of its keys works again.\n`,
  )
  expect(printed({ locked: false, keyTroubles: [] })).toBe('')
})
