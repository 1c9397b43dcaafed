import { futimesSync, lutimesSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type BytePath, toFsPath } from './byte-path.ts'

/** Sets access and modification time, to the nanosecond where the platform lets us. Both throw what node:fs throws. */
export interface TimeSetter {
  setOpenFile(fd: number, ns: bigint): void
  setSymlink(path: BytePath, ns: bigint): void
}

const NS = 1_000_000_000n
const AT_FDCWD = process.platform === 'darwin' ? -2 : -100
const AT_SYMLINK_NOFOLLOW = process.platform === 'darwin' ? 0x20 : 0x100

// node:fs takes seconds as a double, which loses up to 240 ns; futimens(2) and utimensat(2) take two whole numbers.
function exactSetter(): TimeSetter {
  const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi')
  const libc = koffi.load(null)
  const futimens = libc.func('int futimens(int fd, const void *times)')
  const utimensat = libc.func('int utimensat(int folder, const void *path, const void *times, int flags)')
  const times = new BigInt64Array(4) // two `struct timespec`
  const fill = (ns: bigint) => {
    // The part below a second is never negative.
    const below = ((ns % NS) + NS) % NS
    times[0] = times[2] = (ns - below) / NS
    times[1] = times[3] = below
    return times
  }
  return {
    setOpenFile(fd, ns) {
      if (futimens(fd, fill(ns)) !== 0) coarseSetter.setOpenFile(fd, ns)
    },
    setSymlink(path, ns) {
      const cPath = Buffer.from(`${path}\0`, 'latin1')
      if (utimensat(AT_FDCWD, cPath, fill(ns), AT_SYMLINK_NOFOLLOW) !== 0) coarseSetter.setSymlink(path, ns)
    },
  }
}

/** What node:fs can do. */
export const coarseSetter: TimeSetter = {
  setOpenFile: (fd, ns) => futimesSync(fd, coarse(ns), coarse(ns)),
  setSymlink: (path, ns) => lutimesSync(toFsPath(path), coarse(ns), coarse(ns)),
}

// node:fs takes a negative number for "now", but not a date before 1970.
function coarse(ns: bigint): number | Date {
  return ns < 0n ? new Date(Number(ns / 1_000_000n)) : Number(ns) / 1e9
}

let setter: TimeSetter | undefined

export function timeSetter(): TimeSetter {
  if (setter) return setter
  try {
    setter = process.arch.endsWith('64') ? exactSetter() : coarseSetter
  } catch {
    setter = coarseSetter // koffi is an optional dependency
  }
  return setter
}
