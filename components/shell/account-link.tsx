import { CircleUserRound } from 'lucide-react'
import { NavLink } from './nav-link.tsx'

/** The way to one’s own password and sessions; it looks like signing out, which stands below it. */
export function AccountLink() {
  return (
    <NavLink
      href="/account"
      className="flex items-center gap-2.5 rounded-control py-1.5 text-sm text-ink-2 hover:text-ink aria-[current]:font-medium aria-[current]:text-ink pointer-coarse:py-3"
    >
      <CircleUserRound aria-hidden className="mx-[5px] size-4" />
      Your account
    </NavLink>
  )
}
