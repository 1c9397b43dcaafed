import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { clientPrograms, describeClients, isInstalled } from './test-real-clients.ts'

// Every client. What is missing here is installed into a folder beside the dependencies, nothing into the system:
// Debian's packages of restic and rclone are unpacked there, awscli goes into a Python environment.
const folder = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'real-clients')
const folders = [join(folder, 'usr', 'bin'), join(folder, 'python', 'bin')]
const run = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: folder, stdio: 'pipe' })

mkdirSync(folder, { recursive: true })
for (const program of clientPrograms) {
  if (isInstalled(program) || folders.some((one) => existsSync(join(one, program)))) continue
  if (program === 'aws') installAwsCli()
  else unpack(program)
}

function unpack(name: string): void {
  run('apt-get', 'download', name)
  const archive = readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'))
  if (!archive) throw new Error(`apt-get downloaded no package of ${name}.`)
  run('dpkg-deb', '--extract', archive, folder)
}

function installAwsCli(): void {
  run('python3', '-m', 'venv', 'python')
  run(join(folder, 'python', 'bin', 'pip'), 'install', '--quiet', 'awscli')
}

describeClients(clientPrograms, folders)
