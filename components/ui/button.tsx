import { LoaderCircle } from 'lucide-react'
import type { ComponentProps } from 'react'

const base =
  'inline-flex shrink-0 items-center justify-center gap-2 rounded-control border font-medium whitespace-nowrap disabled:cursor-not-allowed disabled:opacity-60'
const variants = {
  primary: 'border-accent bg-accent text-accent-ink enabled:hover:border-accent-strong enabled:hover:bg-accent-strong',
  secondary: 'border-line-strong bg-surface text-ink enabled:hover:bg-sunken',
  danger: 'border-bad bg-surface text-bad enabled:hover:bg-bad-soft',
}
const sizes = {
  normal: 'h-9 px-3.5 pointer-coarse:h-11',
  small: 'h-7 px-2.5 text-sm pointer-coarse:h-9',
}

interface Look {
  variant?: keyof typeof variants
  size?: keyof typeof sizes
}

/** The same look for a link that leads to the next step. */
export function buttonClass({ variant = 'secondary', size = 'normal' }: Look = {}): string {
  return `${base} ${variants[variant]} ${sizes[size]}`
}

interface Props extends ComponentProps<'button'>, Look {
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
