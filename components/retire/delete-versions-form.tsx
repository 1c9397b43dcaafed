'use client'
import { type FormEvent, useState, useTransition } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/text-field.tsx'
import { unanswered } from '#components/ui/unanswered.ts'
import { type DeleteVersionsInput, deletionWord, type RetireResult } from '#lib/retire/schema.ts'

interface Props {
  id: string
  versions: number
  remove: (input: DeleteVersionsInput) => Promise<RetireResult>
}

/** Exactly what the proof found, after a word and the password. */
export function DeleteVersionsForm({ id, versions, remove }: Props) {
  const [result, setResult] = useState<Extract<RetireResult, { status: 'error' }>>()
  const [pending, startTransition] = useTransition()
  const word = deletionWord(versions)
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget)
    const input = { id, word: String(given.get('word') ?? ''), password: String(given.get('password') ?? '') }
    startTransition(async () => {
      const answer = await remove(input).catch(() => unanswered())
      setResult(answer.status === 'error' ? answer : undefined)
    })
  }
  return (
    <form method="post" onSubmit={submit} noValidate className="max-w-md space-y-3">
      <p className="text-ink-2">
        Deleting them is for good: exactly these versions, never a current one. Each backup stays restorable with the
        keys it has now.
      </p>
      <TextField label={`Type “${word}” to go on`} name="word" error={result?.fieldErrors?.word} />
      <TextField
        label="Your password"
        name="password"
        type="password"
        autoComplete="current-password"
        error={result?.fieldErrors?.password}
      />
      <Alert>{result?.message}</Alert>
      <Button type="submit" variant="danger" busy={pending ? 'One moment…' : undefined}>
        Delete these old versions
      </Button>
    </form>
  )
}
