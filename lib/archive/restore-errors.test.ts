import { expect, test } from 'vitest'
import { entry } from './entry-for-tests.ts'
import { cannotWrite } from './restore-errors.ts'

test.each([
  ['ENOSPC', /^"inner\/a" cannot be written: no space is left on the disk \(ENOSPC\)\./, /^Make room there, /],
  ['ENOENT', /the folder it belongs in was removed meanwhile \(ENOENT\)/, /another folder/],
  ['EIO', /the disk reported an error \(EIO\)/, /Look at that disk/],
  ['EROFS', /the file system is read-only/, /Look at that disk/],
  ['ENOTCONN', /not connected any more/, /Look at that disk/],
  ['EMFILE', /too many files are open/, /ulimit -n/],
  ['ENFILE', /too many files are open on this machine/, /^Close programs .*fs\.file-max/],
  ['ENOMEM', /no memory is left/, /^Make memory free .*, then start the restore again\.$/],
  ['EACCES', /permission denied/, /another folder, which this user may write to/],
  ['ENAMETOOLONG', /too long/, /255 bytes.*leave it out/],
])('%s: what was refused, and what to do', (code, message, fix) => {
  const refused = cannotWrite(entry('file', 'inner/a'), Object.assign(new Error(code), { code }))
  expect(refused).toMatchObject({
    code: 'denied',
    message: expect.stringMatching(message),
    fix: expect.stringMatching(fix),
  })
})

test.each([
  ['EINVAL', 'inner/a:b'],
  ['EILSEQ', 'inner/caf\xe9'],
  ['ENOENT', 'inner/what?'],
])('%s: a name that the disk does not take', (code, name) => {
  const refused = cannotWrite(entry('file', name), Object.assign(new Error(code), { code }))
  expect(refused).toMatchObject({
    code: 'denied',
    message: expect.stringMatching(new RegExp(`this disk takes no such name \\(${code}\\)`)),
    fix: expect.stringContaining('leave it out (!NAME)'),
  })
})
