import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { chromium } from '@playwright/test'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

/**
 * The Chromium that browser tests run in: the system's, or Playwright's own; installed when there is none.
 * @throws Error that says what was tried
 */
export function findChromium(): string {
  const found = installed()
  if (found) return found
  console.log('No Chromium is installed. Trying Playwright’s own download…')
  const cli = path.join(import.meta.dirname, '..', 'node_modules', '@playwright', 'test', 'cli.js')
  spawnSync(process.execPath, [cli, 'install', '--with-deps', 'chromium-headless-shell', 'chromium'], {
    stdio: 'ignore',
    timeout: 300_000,
  })
  const downloaded = installed()
  if (downloaded) return downloaded
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('That did not work here. Trying the system’s package manager…')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env })
    spawnSync('apt-get', ['install', '-y', '-qq', 'chromium'], { stdio: 'ignore', env })
    const packaged = installed()
    if (packaged) return packaged
  }
  throw new Error(
    'The browser tests need Chromium, and it could not be installed. Install it (on Debian: apt-get install chromium) and try again.',
  )
}

function installed(): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  for (const name of names) {
    for (const folder of folders) {
      const file = path.join(folder, name)
      if (folder && existsSync(file)) return file
    }
  }
  const own = chromium.executablePath()
  return existsSync(own) ? own : undefined
}
