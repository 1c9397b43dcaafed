import { keyEncoder, type ListItem, listing, maxKeys, owner, type Place, walk } from './list-objects.ts'
import type { ObjectVersion } from './object-version.ts'
import { type BucketCall, isoTime, queryOf, type S3Handler, xml } from './s3-call.ts'

interface Row {
  item: ListItem
  version: ObjectVersion | undefined
}

/** Every version of every key, newest first, after the one that the markers name. */
function* rows(call: BucketCall, prefix: string, delimiter: string): Iterable<Row> {
  const { index } = call.bucket
  const keyMarker = queryOf(call, 'key-marker') ?? ''
  const idMarker = queryOf(call, 'version-id-marker') ?? ''
  const isPrefix = delimiter !== '' && keyMarker.endsWith(delimiter)
  // With a version marker the marked key itself goes on, after that version.
  if (keyMarker && idMarker && keyMarker.startsWith(prefix)) {
    const versions = index.versions(keyMarker)
    const at = versions.findIndex((version) => version.versionId === idMarker)
    const item = { text: keyMarker, isPrefix: false }
    for (const version of versions.slice(at + 1)) yield { item, version }
  }
  const after: Place | undefined = keyMarker ? { text: keyMarker, isPrefix } : undefined
  for (const item of walk(index.keys, { prefix, delimiter, after, shows: () => true })) {
    if (item.isPrefix) yield { item, version: undefined }
    else for (const version of index.versions(item.text)) yield { item, version }
  }
}

export const listObjectVersions: S3Handler = (call) => {
  const limit = maxKeys(call)
  const encode = keyEncoder(call)
  const prefix = queryOf(call, 'prefix') ?? ''
  const delimiter = queryOf(call, 'delimiter') ?? ''
  const page: Row[] = []
  let next: Row | undefined
  if (limit > 0) {
    for (const row of rows(call, prefix, delimiter)) {
      if (page.length === limit) {
        next = page.at(-1)
        break
      }
      page.push(row)
    }
  }
  const shown = page.flatMap(({ version }) => (version ? [version] : []))
  const identify = (version: ObjectVersion) => ({
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: call.bucket.index.versions(version.key)[0] === version,
    Owner: owner(call.bucket.settings.owner),
  })
  return xml('ListVersionsResult', {
    Name: call.bucketName,
    Prefix: encode(prefix),
    KeyMarker: encode(queryOf(call, 'key-marker') ?? ''),
    VersionIdMarker: queryOf(call, 'version-id-marker') ?? '',
    NextKeyMarker: next && encode(next.item.text),
    NextVersionIdMarker: next?.version?.versionId,
    MaxKeys: limit,
    Delimiter: delimiter ? encode(delimiter) : undefined,
    EncodingType: queryOf(call, 'encoding-type') || undefined,
    IsTruncated: next !== undefined,
    Version: shown
      .filter((version) => !version.deleteMarker)
      .map((version) => ({ ...identify(version), ...listing(version) })),
    DeleteMarker: shown
      .filter((version) => version.deleteMarker)
      .map((version) => ({ ...identify(version), LastModified: isoTime(version.modified) })),
    CommonPrefixes: page.flatMap(({ item }) => (item.isPrefix ? { Prefix: encode(item.text) } : [])),
  })
}
