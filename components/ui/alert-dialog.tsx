'use client'
import { AlertDialog as Base } from '@base-ui/react/alert-dialog'
import { type ReactNode, type RefObject, useRef } from 'react'
import { Button } from './button.tsx'
import { buttonClass } from './button-class.ts'

interface Props {
  open: boolean
  title: string
  children: ReactNode
  /** What happens, as a verb. Never “OK”. */
  confirm: string
  cancel: string
  onConfirm?: () => void
  /** The ID of a form inside, which confirming submits, in place of `onConfirm`. */
  form?: string
  /** `danger` unless nothing is lost by it. */
  tone?: 'danger' | 'primary'
  busy?: string | undefined
  /** What gets the focus afterwards in place of what had it before, unless something else in the page has it by then. */
  returnTo?: RefObject<HTMLElement | null>
  onCancel: () => void
}

/** Asks before something that destroys or exposes. Escape is the same as cancelling. */
export default function AlertDialog({
  open,
  title,
  children,
  confirm,
  cancel,
  onConfirm,
  form,
  tone = 'danger',
  busy,
  returnTo,
  onCancel,
}: Props) {
  const popup = useRef<HTMLDivElement>(null)
  // Given as a ref it would take the focus even from a field that is to be corrected.
  const goTo = () => {
    const { activeElement, body } = document
    const moved = activeElement !== body && !popup.current?.contains(activeElement)
    return moved ? false : (returnTo?.current ?? null)
  }
  return (
    <Base.Root open={open} onOpenChange={(next) => next || onCancel()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-20 bg-veil" />
        <Base.Popup
          ref={popup}
          finalFocus={returnTo && goTo}
          className="fixed top-1/2 left-1/2 z-20 max-h-[calc(100dvh-2rem)] w-[30rem] max-w-[calc(100vw-2rem)] -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-card border border-line bg-surface p-5 shadow-popup"
        >
          <Base.Title className="text-lg font-semibold wrap-anywhere">{title}</Base.Title>
          <Base.Description render={<div />} className="mt-2 space-y-2 text-ink-2">
            {children}
          </Base.Description>
          <div className="mt-5 flex flex-wrap justify-end gap-2.5">
            <Base.Close className={buttonClass()}>{cancel}</Base.Close>
            <Button type={form ? 'submit' : 'button'} form={form} onClick={onConfirm} variant={tone} busy={busy}>
              {confirm}
            </Button>
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
