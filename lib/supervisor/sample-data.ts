import { createHash } from 'node:crypto'
import { access, chmod, link, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import type { Progress } from './progress.ts'

/**
 * A folder worth backing up for whoever tries the console: text, tables, logs, pictures and bytes that do not compress,
 * about 30 MiB in a few hundred files, with everything that a restore can get wrong: empty files and folders, long and
 * foreign names, links, modes, and times finer than a millisecond. Always the same. Made once; from then on it is the
 * person's to change.
 */
export async function makeSample(folder: string, progress: Progress): Promise<void> {
  if (
    await access(folder).then(
      () => true,
      () => false,
    )
  )
    return
  const draft = `${folder}.new`
  await rm(draft, { recursive: true, force: true })
  await progress.during('Making a sample folder', writeSample(draft))
  await rename(draft, folder)
}

async function writeSample(root: string): Promise<void> {
  let seconds = 1_735_689_600
  // As fine as Node can set a time, which is about 240 ns.
  const setTime = (file: string) => {
    seconds += 3_607.123_456_7
    return utimes(file, seconds, seconds)
  }
  for (const [name, content] of sampleFiles()) {
    const file = path.join(root, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, content)
    await chmod(file, 0o644) // whatever the umask
    await setTime(file)
  }
  await mkdir(path.join(root, 'empty folder', 'and another'), { recursive: true })
  await symlink('../ledgers/2025/12.csv', path.join(root, 'documents', 'latest ledger'))
  await symlink('ledgers/2025', path.join(root, 'this year'))
  await link(path.join(root, 'blobs', '00.bin'), path.join(root, 'blobs', 'same file as 00.bin'))
  await chmod(path.join(root, 'scripts', 'rotate.sh'), 0o755)
  await chmod(path.join(root, 'documents', 'private.txt'), 0o600)
  await chmod(path.join(root, 'documents', 'read only.txt'), 0o444)
  await chmod(path.join(root, 'scripts'), 0o750)
  for (const folder of ['documents', 'ledgers', 'pictures', 'empty folder/and another', 'empty folder']) {
    await setTime(path.join(root, folder))
  }
}

function* sampleFiles(): Generator<[string, string | Buffer]> {
  const random = seededRandom(20_250_301)
  yield ['README.txt', 'A sample made by Vault Console, to try backups with. Change it or delete it as you like.\n']
  for (let index = 1; index <= 90; index++) yield [`documents/note ${pad(index, 3)}.txt`, prose(random, 40 + index * 3)]
  yield ['documents/private.txt', prose(random, 60)]
  yield ['documents/read only.txt', prose(random, 60)]
  yield ['documents/empty.txt', '']
  for (const year of [2023, 2024, 2025]) {
    for (let month = 1; month <= 12; month++) yield [`ledgers/${year}/${pad(month)}.csv`, ledger(random, year, month)]
  }
  for (let index = 0; index < 60; index++)
    yield [`orders/${pad(index % 6)}/${pad(index, 4)}.json`, order(random, index)]
  for (let day = 1; day <= 28; day++) yield [`logs/app-2025-02-${pad(day)}.log`, accessLog(random, day)]
  for (let index = 0; index < 12; index++) yield [`pictures/pattern ${pad(index)}.png`, png(256, index)]
  for (let index = 0; index < 24; index++) yield [`pictures/chart ${pad(index)}.svg`, chart(random)]
  for (let index = 0; index < 14; index++)
    yield [`blobs/${pad(index)}.bin`, noise(`blob ${index}`, 1024 * 1024 - index)]
  for (const name of [
    'Grüße aus Köln.txt',
    '日本語のメモ.txt',
    'Ελληνικά.txt',
    'emoji 🗝️.txt',
    'it\'s "quoted" & $odd.txt',
  ]) {
    yield [`names/${name}`, prose(random, 30)]
  }
  yield [`names/${'long '.repeat(49)}name`, prose(random, 30)]
  yield [`names/${'deep/'.repeat(20)}bottom.txt`, prose(random, 30)]
  yield ['names/.hidden', prose(random, 10)]
  yield ['scripts/rotate.sh', '#!/bin/sh\nset -eu\nfind "$1" -name "*.log" -mtime +30 -exec gzip {} +\n']
}

type Random = (below: number) => number

/** mulberry32: small, and the same everywhere. */
function seededRandom(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const words =
  'the vault keeps every archive under one key and no copy leaves this room without a seal that the owner can break again when the time comes to read what was stored'.split(
    ' ',
  )

function prose(random: Random, sentences: number): string {
  const sentence = () => Array.from({ length: 6 + random(12) }, () => words[random(words.length)]).join(' ')
  return `${Array.from({ length: sentences }, () => `${sentence()}.`).join('\n')}\n`
}

function ledger(random: Random, year: number, month: number): string {
  const rows = Array.from({ length: 4_000 }, (_, row) => {
    const amount = `${random(90_000)}.${pad(random(100))}`
    return `${year}-${pad(month)}-${pad(1 + random(28))},${year}${pad(month)}${pad(row, 5)},${1000 + random(400)},${amount},EUR,${words[random(words.length)]}`
  })
  return `date,entry,account,amount,currency,text\n${rows.join('\n')}\n`
}

function order(random: Random, index: number): string {
  const lines = Array.from({ length: 60 + random(60) }, () => ({
    article: `A-${random(100_000)}`,
    quantity: 1 + random(20),
    price: random(100_000) / 100,
    note: words[random(words.length)],
  }))
  return `${JSON.stringify({ order: index, currency: 'EUR', lines }, null, 2)}\n`
}

function accessLog(random: Random, day: number): string {
  const lines = Array.from({ length: 1_500 }, () => {
    const time = `2025-02-${pad(day)}T${pad(random(24))}:${pad(random(60))}:${pad(random(60))}.${pad(random(1000), 3)}Z`
    return `${time} INFO request id=${random(0xffffffff).toString(16)} path=/${words[random(words.length)]} status=200 ms=${random(900)}`
  })
  return `${lines.sort().join('\n')}\n`
}

function chart(random: Random): string {
  const bars = Array.from({ length: 40 }, (_, bar) => {
    const height = 10 + random(180)
    return `<rect x="${bar * 10}" y="${200 - height}" width="8" height="${height}" fill="hsl(${random(360)} 60% 50%)"/>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200">\n${bars.join('\n')}\n</svg>\n`
}

/** A square picture of 8-bit RGB pixels, without filters (PNG specification, section 5 and 11.2). */
function png(size: number, variant: number): Buffer {
  const rows = Buffer.alloc(size * (1 + size * 3))
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = y * (1 + size * 3) + 1 + x * 3
      rows[at] = x ^ y
      rows[at + 1] = (x * (variant + 1)) & 255
      rows[at + 2] = (y * (variant + 3)) & 255
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}

/** Bytes that do not compress. */
function noise(seed: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(seed).digest()
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0')
}
