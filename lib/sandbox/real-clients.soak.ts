import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { clientPrograms, describeClients } from './test-real-clients.ts'

// Installs the clients that other people wrote into a folder beside the dependencies, nothing into the system:
// Debian's packages of restic and rclone are unpacked there, awscli goes into a Python environment.
const folder = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'real-clients')
const binaries = join(folder, 'usr', 'bin')
const run = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: folder, stdio: 'pipe' })

mkdirSync(folder, { recursive: true })
for (const name of ['restic', 'rclone']) {
  if (existsSync(join(binaries, name))) continue
  run('apt-get', 'download', name)
  const archive = readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'))
  if (!archive) throw new Error(`apt-get downloaded no package of ${name}.`)
  run('dpkg-deb', '--extract', archive, folder)
}
if (!existsSync(join(folder, 'python', 'bin', 'aws'))) {
  run('python3', '-m', 'venv', 'python')
  run(join(folder, 'python', 'bin', 'pip'), 'install', '--quiet', '--disable-pip-version-check', 'awscli')
}

describeClients(clientPrograms, [binaries, join(folder, 'python', 'bin')])
