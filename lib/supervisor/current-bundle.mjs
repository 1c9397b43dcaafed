import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'

// What bundle-byok.ts makes of the command line, and how bin/bootstrap.mjs, on any Node, finds out whether it still is
// what the sources say.

/** @param {string} root the checkout */
export const bundlesOf = (root) => path.join(root, 'node_modules', '.cache', 'vault-console', 'bundles')

/**
 * @param {string} root
 * @param {string} name relative to the checkout
 */
export function stampOf(root, name) {
  const { size, mtimeMs } = statSync(path.join(root, name))
  return { name, size, mtimeMs }
}

/**
 * The file to run in place of `lib/cli/main.ts`; undefined when there is none, or a source was changed since.
 * @param {string} root
 * @returns {string | undefined}
 */
export function currentBundle(root) {
  try {
    const bundle = JSON.parse(readFileSync(path.join(bundlesOf(root), 'current.json'), 'utf8'))
    // It holds absolute paths.
    if (bundle.root !== root) return undefined
    for (const { name, size, mtimeMs } of bundle.sources) {
      const now = stampOf(root, name)
      if (now.size !== size || now.mtimeMs !== mtimeMs) return undefined
    }
    const file = path.join(bundlesOf(root), bundle.file)
    statSync(file)
    return file
  } catch {
    return undefined
  }
}
