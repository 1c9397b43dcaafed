import { LogOut, Menu } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { OpenAlerts } from '#components/alerts/open-alerts.tsx'
import { CountdownBanner } from '#components/keys/countdown-banner.tsx'
import { ShredBanner } from '#components/shred/shred-banner.tsx'
import { Banner } from '#components/ui/banner.tsx'
import { formatNumber } from '#components/ui/format-bytes.ts'
import { roleWords } from '#components/users/role-words.ts'
import type { OpenAlerts as OpenAlertsView } from '#lib/alerts/schema.ts'
import { can, type SessionUser } from '#lib/auth/schema.ts'
import type { Countdown } from '#lib/key-health/schema.ts'
import type { NoticesView } from '#lib/notices/schema.ts'
import type { ShredAhead } from '#lib/shred/schema.ts'
import { AccountLink, footLook } from './account-link.tsx'
import { Brand } from './brand.tsx'
import { NavLink } from './nav-link.tsx'
import { Notices } from './notices.tsx'
import type { Theme } from './theme.ts'
import { ThemeSwitch } from './theme-switch.tsx'

interface Props {
  user: SessionUser
  sandbox: boolean
  unencrypted: boolean
  backups: number
  theme: Theme
  notices: NoticesView
  countdowns: readonly Countdown[]
  alerts: OpenAlertsView
  shredAhead: ShredAhead | null
  putNoticeAway: (id: string) => Promise<void>
  signOut: () => Promise<void>
  children: ReactNode
}

export function Shell({
  user,
  sandbox,
  unencrypted,
  backups,
  theme,
  notices,
  countdowns,
  alerts,
  shredAhead,
  putNoticeAway,
  signOut,
  children,
}: Props) {
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[14.5rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-30 focus:rounded-control focus:bg-surface focus:px-3 focus:py-2 focus:ring-1 focus:ring-line-strong"
      >
        Skip to content
      </a>
      <header>
        <div className="flex h-14 items-center justify-between border-b border-line px-8 max-md:px-4 lg:hidden">
          <Link href="/">
            <Brand />
          </Link>
          <button
            type="button"
            popoverTarget="menu"
            className="inline-flex h-11 items-center gap-2 rounded-control px-3 font-medium"
          >
            <Menu aria-hidden className="size-5" />
            Menu
          </button>
        </div>
        {/* A column where a table has room beside it; otherwise the browser's own popover, which closes on Escape and on a
            click beside it. */}
        <div
          id="menu"
          popover="auto"
          className="m-0 w-72 max-w-[85vw] border-0 border-r border-line bg-canvas p-3 pt-5 text-ink backdrop:bg-veil max-lg:fixed max-lg:inset-y-0 max-lg:h-dvh max-lg:max-h-none lg:sticky lg:inset-auto lg:top-0 lg:flex lg:h-dvh lg:w-auto lg:max-w-none lg:flex-col lg:overflow-y-auto max-lg:open:flex max-lg:open:flex-col"
        >
          <div className="mb-4 px-2.5">
            <Brand />
          </div>
          <nav aria-label="Main" className="flex flex-col gap-0.5">
            <NavLink href="/">Overview</NavLink>
            <NavLink href="/backups">
              Backups
              <span aria-hidden className="ml-auto text-xs text-ink-3 tabular-nums">
                {formatNumber(backups)}
              </span>
            </NavLink>
            <NavLink href="/keys">Keys</NavLink>
            {can(user.role, 'audit.read') && <NavLink href="/audit">Audit</NavLink>}
            <p className="mx-2.5 mt-4 mb-1.5 text-xs text-ink-3">Settings</p>
            <NavLink href="/settings/backup-environment">Backup Environment</NavLink>
            {can(user.role, 'user.manage') && <NavLink href="/settings/users">Users</NavLink>}
            <NavLink href="/settings/api-tokens">API tokens</NavLink>
            {can(user.role, 'alerts.change') && <NavLink href="/settings/alerts">Alerts</NavLink>}
            {can(user.role, 'seal.read') && <NavLink href="/settings/seal">Seal</NavLink>}
            {sandbox && can(user.role, 'sandbox.rehearse') && <NavLink href="/settings/sandbox">Sandbox</NavLink>}
          </nav>
          {/* As high as what stands in it: the page may be painted before all of it has come, and then it must not rise. */}
          <div className="mt-auto space-y-3 px-2.5 pt-6 pb-1 lg:min-h-43.5 lg:pointer-coarse:min-h-53.5">
            <div className="flex items-center gap-2.5 text-sm">
              <span
                aria-hidden="true"
                className="grid size-[26px] shrink-0 place-items-center rounded-full bg-accent-soft text-[11px] font-semibold text-accent uppercase"
              >
                {user.email.slice(0, 2)}
              </span>
              <span className="min-w-0">
                <span className="block truncate text-ink-2" title={user.email}>
                  {user.email}
                </span>
                <span className="block text-xs text-ink-3">{roleWords[user.role].label}</span>
              </span>
            </div>
            <div>
              <AccountLink />
              <form action={signOut}>
                <button type="submit" className={footLook}>
                  <LogOut aria-hidden className="mx-[5px] size-4" />
                  Sign out
                </button>
              </form>
            </div>
            <ThemeSwitch initial={theme} />
          </div>
        </div>
      </header>
      <div className="min-w-0">
        <aside aria-label="Notices">
          <CountdownBanner countdowns={countdowns} withCommands={can(user.role, 'alerts.change')} />
          <OpenAlerts alerts={alerts} />
          {sandbox && <SandboxBanner />}
          {unencrypted && (
            <Banner tone="warn" title="Encryption is off">
              New backups are written to the bucket as they are. Whoever can read the bucket can read them.{' '}
              <Link href="/settings/backup-environment" className="underline underline-offset-2">
                Change this
              </Link>
            </Banner>
          )}
          {shredAhead && <ShredBanner ahead={shredAhead} />}
          <Notices notices={notices} putAway={putNoticeAway} />
        </aside>
        <main id="main" tabIndex={-1} className="max-w-[1240px] px-8 pt-7 pb-16 outline-none max-md:px-4 max-md:pt-5">
          {children}
        </main>
      </div>
    </div>
  )
}

function SandboxBanner() {
  return (
    <>
      <Banner
        tone="info"
        title="Sandbox"
        action={
          <button type="button" popoverTarget="real-account" className="underline underline-offset-2">
            Connect a real account
          </button>
        }
      >
        Keys and buckets live on this machine, not in AWS. Good for trying and rehearsing, not for data you need.
      </Banner>
      <div
        id="real-account"
        popover="auto"
        className="fixed inset-x-4 top-12 bottom-auto m-0 ml-auto w-auto max-w-md rounded-card border border-line bg-surface p-5 text-ink shadow-popup"
      >
        <h2 className="text-lg font-semibold">Connect a real account</h2>
        <ol className="mt-2 list-decimal space-y-1.5 pl-5 text-ink-2">
          <li>Stop the console.</li>
          <li>
            Set <code>VAULT_AWS=aws</code>, and <code>VAULT_PUBLIC_URL</code> to the address people open.
          </li>
          <li>
            Give it AWS credentials the usual way: a role, <code>AWS_PROFILE</code>, or <code>AWS_ACCESS_KEY_ID</code>{' '}
            and its secret.
          </li>
          <li>Start it again and save the backup environment once more, with a real key.</li>
        </ol>
        <p className="mt-3 text-sm text-ink-3">What was backed up in the sandbox stays in the sandbox.</p>
      </div>
    </>
  )
}
