import { CircleUserRound } from 'lucide-react'
import { NavLink } from './nav-link.tsx'

/** Of what stands below the menu: one’s account, and signing out. */
export const footLook =
  'flex w-full items-center gap-2.5 rounded-control py-1.5 text-sm text-ink-2 hover:text-ink pointer-coarse:py-3'

/** The way to one’s own password and sessions. */
export function AccountLink() {
  return (
    <NavLink href="/account" className={`${footLook} aria-[current]:font-medium aria-[current]:text-ink`}>
      <CircleUserRound aria-hidden className="mx-[5px] size-4" />
      Your account
    </NavLink>
  )
}
