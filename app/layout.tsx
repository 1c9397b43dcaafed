import './globals.css'
import type { Metadata, Viewport } from 'next'
import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { themeOf } from '#components/shell/theme.ts'

export const metadata: Metadata = {
  title: { default: 'Vault Console', template: '%s · Vault Console' },
  robots: { index: false, follow: false },
}
export const viewport: Viewport = { colorScheme: 'light dark' }

// The chosen theme is in a cookie, so the very first byte of a page already carries it.
export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = themeOf((await cookies()).get('theme')?.value)
  return (
    <html lang="en" data-theme={theme === 'system' ? undefined : theme}>
      <body>{children}</body>
    </html>
  )
}
