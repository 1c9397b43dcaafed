import { LoaderCircle } from 'lucide-react'
import type { ComponentProps } from 'react'
import { type ButtonLook, buttonClass } from './button-class.ts'

interface Props extends ComponentProps<'button'>, ButtonLook {
  /** Words shown beside a spinner while the button's work is under way; it cannot be pressed meanwhile. */
  busy?: string | undefined
  /** It cannot be pressed for a while, and keeps the focus that it has. `disabled` is for what cannot be pressed as things are. */
  held?: boolean | undefined
}

export function Button({
  variant,
  size,
  busy,
  held = false,
  className = '',
  children,
  disabled,
  type = 'button',
  onClick,
  ...rest
}: Props) {
  const working = busy !== undefined
  const waits = working || held
  return (
    <button
      type={type}
      disabled={disabled}
      // Not disabled: that would take the focus away, and a dialog that opens meanwhile could not give it back.
      aria-disabled={waits || undefined}
      onClick={waits ? (event) => event.preventDefault() : onClick}
      className={`${buttonClass({ variant, size })} ${className}`}
      {...rest}
    >
      {working && <LoaderCircle aria-hidden className="size-4 animate-spin" />}
      {busy ?? children}
    </button>
  )
}
