import { LoaderCircle } from 'lucide-react'
import type { ComponentProps } from 'react'
import { type ButtonLook, buttonClass } from './button-class.ts'

interface Props extends ComponentProps<'button'>, ButtonLook {
  /** Words shown beside a spinner while the button's work is under way; it cannot be pressed meanwhile. */
  busy?: string | undefined
}

export function Button({ variant, size, busy, className = '', children, disabled, type = 'button', ...rest }: Props) {
  return (
    <button
      type={type}
      disabled={disabled || busy !== undefined}
      className={`${buttonClass({ variant, size })} ${className}`}
      {...rest}
    >
      {busy !== undefined && <LoaderCircle aria-hidden className="size-4 animate-spin" />}
      {busy ?? children}
    </button>
  )
}
