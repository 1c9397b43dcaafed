import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { loadShell } from '#app/_lib/load.ts'
import { signOut } from '#app/(auth)/actions.ts'
import { Shell } from '#components/shell/shell.tsx'
import { themeOf } from '#components/shell/theme.ts'
import { putNoticeAway } from './actions.ts'

export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const shell = await loadShell()
  const theme = themeOf((await cookies()).get('theme')?.value)
  return (
    <Shell {...shell} theme={theme} signOut={signOut} putNoticeAway={putNoticeAway}>
      {children}
    </Shell>
  )
}
