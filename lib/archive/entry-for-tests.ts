import type { Entry } from './entry.ts'

export const mtimeNs = 1_234_567_890_123_456_789n

/** An entry of whoever runs the test. */
export const entry = (type: Entry['type'], path: string, more: Partial<Entry> = {}): Entry => ({
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  mtimeNs,
  type,
  path,
  size: 0,
  mode: 0o755,
  offset: 0,
  data: 0,
  ...more,
})
