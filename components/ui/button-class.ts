const base =
  'inline-flex shrink-0 items-center justify-center gap-2 rounded-control border font-medium whitespace-nowrap disabled:cursor-not-allowed disabled:opacity-60 aria-disabled:cursor-not-allowed aria-disabled:opacity-60'
const variants = {
  primary:
    'border-accent bg-accent text-accent-ink not-disabled:hover:border-accent-strong not-disabled:hover:bg-accent-strong',
  secondary: 'border-line-strong bg-surface text-ink not-disabled:hover:bg-sunken',
  danger: 'border-bad bg-surface text-bad not-disabled:hover:bg-bad-soft',
}
const sizes = {
  normal: 'h-9 px-3.5 pointer-coarse:h-11',
  small: 'h-7 px-2.5 text-sm pointer-coarse:h-9',
}
/** A phone at twice its size: the words of a button are wider than the page. */
const tiny =
  'max-[15rem]:h-auto max-[15rem]:min-h-9 max-[15rem]:pointer-coarse:h-auto max-[15rem]:shrink max-[15rem]:whitespace-normal'

export interface ButtonLook {
  variant?: keyof typeof variants | undefined
  size?: keyof typeof sizes | undefined
}

/** The look of a button, also for a link that leads to the next step. */
export function buttonClass({ variant = 'secondary', size = 'normal' }: ButtonLook = {}): string {
  return `${base} ${variants[variant]} ${sizes[size]} ${tiny}`
}
