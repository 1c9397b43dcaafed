'use client'
import { type MouseEvent, useState } from 'react'
import { Alert } from '#components/ui/alert.tsx'
import { Button } from '#components/ui/button.tsx'

/** The buttons of the form around the list of files. Nothing chosen is neither everything nor a page of its own. */
export function TakeChosen({ backupId }: { backupId: string }) {
  const [refused, setRefused] = useState(false)
  const check = (event: MouseEvent<HTMLButtonElement>) => {
    const nothing = !event.currentTarget.form?.querySelector('input[name=path]:checked')
    setRefused(nothing)
    if (nothing) event.preventDefault()
  }
  return (
    <>
      <Button type="submit" onClick={check}>
        Download chosen as .tar
      </Button>
      <Button type="submit" onClick={check} formAction={`/backups/${backupId}#restore`} formMethod="get">
        Restore chosen…
      </Button>
      {refused && (
        <div className="order-last w-full">
          <Alert>Choose at least one file or folder first.</Alert>
        </div>
      )}
    </>
  )
}
