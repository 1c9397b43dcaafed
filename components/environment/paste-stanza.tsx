'use client'
import { useId, useState } from 'react'
import AlertDialog from '#components/ui/alert-dialog.tsx'
import { FieldError } from '#components/ui/field.tsx'
import { readSealStanza } from '#lib/seal/stanza.ts'
import { fillFromStanza } from './fill-from-stanza.ts'
import { asTyped, type EnvironmentFormApi } from './form-type.ts'

interface Props {
  form: EnvironmentFormApi
  /** With what became of the stanza; without anything when it was given up. */
  onDone: (told?: string) => void
}

/** Read in this browser: a secret in it goes no further than the form. */
export default function PasteStanza({ form, onDone }: Props) {
  const id = useId()
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()

  function fill() {
    const read = readSealStanza(text)
    if (!read.ok) {
      setProblem(read.message)
      document.getElementById(id)?.focus()
      return
    }
    const { values, told } = fillFromStanza(read.stanza)
    for (const name of order) {
      const value = values[name]
      if (value !== undefined) form.setValue(name, value, asTyped)
    }
    onDone(told)
  }

  return (
    <AlertDialog
      open
      title="Paste a seal stanza"
      confirm="Fill the form"
      tone="primary"
      cancel="Cancel"
      onConfirm={fill}
      onCancel={() => onDone()}
    >
      <p>
        The <code>seal "awskms"</code> block of a HashiCorp Vault configuration, or the whole file. It is read in this
        browser; nothing is saved until you save.
      </p>
      <label htmlFor={id} className="block font-medium text-ink">
        Stanza
      </label>
      <textarea
        id={id}
        rows={9}
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={(event) => setText(event.target.value)}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem && `${id}-error`}
        placeholder={'seal "awskms" {\n  region     = "us-east-1"\n  kms_key_id = "alias/…"\n}'}
        className="control h-auto resize-y py-2 font-mono text-sm"
      />
      <div role="alert">
        <FieldError id={id}>{problem}</FieldError>
      </div>
    </AlertDialog>
  )
}

// Region before key, so that the key is judged beside the right one.
const order = [
  'region',
  'encrypt',
  'method',
  'masterKey',
  'hosted',
  'kmsEndpoint',
  'credentials',
  'accessKeyId',
  'secretAccessKey',
  'sessionToken',
] as const
