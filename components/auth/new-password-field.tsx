'use client'
import { useState } from 'react'
import { TextField } from '#components/ui/text-field.tsx'

/** Can be looked at, so that it need not be typed twice. */
export function NewPasswordField({ label, name, error }: { label: string; name: string; error: string | undefined }) {
  const [shown, setShown] = useState(false)
  return (
    <div className="relative">
      <TextField
        label={label}
        name={name}
        type={shown ? 'text' : 'password'}
        autoComplete="new-password"
        required
        minLength={12}
        maxLength={128}
        help="At least 12 characters, and not easily guessed. Spaces and all other characters are allowed."
        error={error}
      />
      <button type="button" onClick={() => setShown(!shown)} className="link absolute top-0 right-0 py-0.5 text-sm">
        {shown ? 'Hide' : 'Show'}
        <span className="sr-only"> the password</span>
      </button>
    </div>
  )
}
