/** Who can read what of the backups: true of the settings as they stand in the form, saved or not. */
export function WhoCanRead({ hosted, method }: { hosted: boolean; method: 'AWS-KMS' | 'AES-256' | 'none' }) {
  return (
    <section aria-label="Who can read what" className="mt-5 border-t border-line pt-5">
      <h3 className="font-medium">Who can read what</h3>
      <ul className="mt-2 list-disc space-y-1.5 pl-5 text-sm text-ink-2 marker:text-ink-3">
        {sentences(hosted, method).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </section>
  )
}

function sentences(hosted: boolean, method: 'AWS-KMS' | 'AES-256' | 'none'): string[] {
  const running = 'Whoever runs this console sees the data while it is backed up and restored, whatever is chosen here.'
  const bucket = hosted
    ? 'The bucket belongs to whoever runs this console: they see when backups are made and how large they are, and can delete them.'
    : 'The bucket is yours: you see every object, and can take this console’s access to it away. Until then this console can read, write and delete there.'
  switch (method) {
    case 'AWS-KMS':
      return [
        'What lies in the bucket is encrypted before it leaves this machine. Opening it takes a key that is listed here, and each time AWS KMS is asked.',
        running,
        bucket,
        'Once this console’s access to every listed key is revoked, it cannot open these backups again. That does not undo what was read before, and a backup or restore that is running at that moment may still finish.',
        hosted
          ? 'Opening them without this console takes your key, and a copy of the objects, which only the bucket’s owner can give you.'
          : 'You can open them without this console: with your bucket, your key and public tools.',
      ]
    case 'AES-256':
      return [
        'What lies in the bucket is encrypted before it leaves this machine, under a key of this console. The bucket alone tells nobody the content.',
        `${running} They hold the key, so they can open every backup at any time, and you cannot take that away.`,
        bucket,
      ]
    case 'none':
      return ['Backups are not encrypted by this console: whoever may read the bucket reads them.', running, bucket]
  }
}
