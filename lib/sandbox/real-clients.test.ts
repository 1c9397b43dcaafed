import { execFileSync } from 'node:child_process'
import { describeClients } from './test-real-clients.ts'

// What is installed here. One that is missing is no test at all: the soak installs them, and misses none.
const programs = ['aws', 'restic', 'rclone'] as const

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describeClients(programs.filter(isInstalled))
