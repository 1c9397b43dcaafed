import type { SessionUser } from '#lib/auth/schema.ts'
import { NavLink } from './nav-link.tsx'

/** Who is signed in, and the way to their password and sessions. */
export function AccountLink({ user }: { user: SessionUser }) {
  return (
    <NavLink
      href="/account"
      className="group -mx-1.5 flex items-center gap-2.5 rounded-control px-1.5 py-1 text-sm aria-[current]:bg-surface aria-[current]:ring-1 aria-[current]:ring-line"
    >
      <span
        aria-hidden="true"
        className="grid size-[26px] shrink-0 place-items-center rounded-full bg-accent-soft text-[11px] font-semibold text-accent uppercase"
      >
        {user.email.slice(0, 2)}
      </span>
      <span className="min-w-0">
        <span className="block truncate text-ink-2 group-hover:text-ink" title={user.email}>
          {user.email}
        </span>
        <span className="block text-xs text-ink-3">
          {user.role} · <span className="underline underline-offset-2 group-hover:text-ink">Your account</span>
        </span>
      </span>
    </NavLink>
  )
}
