import type { Command } from 'commander'
import { AppError } from '#lib/errors.ts'
import { verifyCertificate } from '#lib/shred/certificate.ts'
import { signingKey } from '#lib/shred/signing-key.ts'
import { attachedEnv, withServices } from './attach.ts'
import { readNamedFile } from './named-file.ts'
import { count, plain, print, printJson } from './output.ts'

export function addShredVerify(shred: Command): void {
  shred
    .command('verify')
    .description('Verify a certificate: that nothing of it was changed, and whose key signed it.')
    .argument('<file>', 'the certificate, as it was downloaded')
    .option('--fingerprint <sha256>', 'of the key that it must be signed with; otherwise the running console’s')
    .option('--json', 'print what it says as JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 genuine, 1 it is not, 2 bad usage, 3 no console is running that could say whose key it is.',
    )
    .action(async (file: string, options: { fingerprint?: string; json?: boolean }) => {
      const { certificate, fingerprint } = verifyCertificate(readNamedFile(file))
      const wanted = options.fingerprint?.replace(/[\s:]/g, '').toLowerCase() ?? (await ownFingerprint(fingerprint))
      if (wanted !== fingerprint)
        throw new AppError('integrity', `It is signed with another key: ${fingerprint}, not ${plain(wanted)}.`, {
          fix: 'Ask the installation that it names for its key’s fingerprint.',
        })
      if (options.json) return printJson(certificate)
      const { request, shredded, notShredded, issuedAt, installation, restsOn } = certificate
      print(`Genuine: signed by installation ${installation} with the key ${fingerprint}.`)
      print(`Certificate ${certificate.issue} of request ${request.id}, issued ${issuedAt}.`)
      print(`Can no longer be read: ${count(shredded.length, 'backup')}${shredded.length > 0 ? ':' : '.'}`)
      for (const { backup, name, destroyedAt } of shredded) print(`  ${backup}  ${destroyedAt}  ${plain(name)}`)
      for (const { backup, name, why } of notShredded) print(`Not shredded: ${backup} (${plain(name)}): ${plain(why)}`)
      print('This rests on what no console can see:')
      for (const one of restsOn) print(`  ${one}`)
    })
}

async function ownFingerprint(found: string): Promise<string> {
  if (!attachedEnv().databaseUrl)
    throw new AppError(
      'unavailable',
      `Nothing of it was changed since the key ${found} signed it; whose key that is nobody here can say.`,
      { fix: 'Give the fingerprint that the console showed with --fingerprint.' },
    )
  return withServices(async ({ backup }) => (await signingKey(backup)).fingerprint)
}
