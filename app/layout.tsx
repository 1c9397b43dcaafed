import './globals.css'
import type { Metadata, Viewport } from 'next'
import localFont from 'next/font/local'
import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { themeOf } from '#components/shell/theme.ts'

// Preloaded, and "optional": a font that comes too late is used from the next page on, so text never jumps.
const geist = localFont({
  src: '../node_modules/@fontsource-variable/geist/files/geist-latin-wght-normal.woff2',
  variable: '--font-geist',
  weight: '100 900',
  display: 'optional',
})
const geistMono = localFont({
  src: '../node_modules/@fontsource-variable/geist-mono/files/geist-mono-latin-wght-normal.woff2',
  variable: '--font-geist-mono',
  weight: '100 900',
  display: 'optional',
  adjustFontFallback: false,
})

export const metadata: Metadata = {
  title: { default: 'Vault Console', template: '%s · Vault Console' },
  robots: { index: false, follow: false },
}
export const viewport: Viewport = { colorScheme: 'light dark' }

// The chosen theme is in a cookie, so the very first byte of a page already carries it.
export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = themeOf((await cookies()).get('theme')?.value)
  return (
    <html
      lang="en"
      data-theme={theme === 'system' ? undefined : theme}
      className={`${geist.variable} ${geistMono.variable}`}
    >
      <body>
        <noscript>
          <p className="border-b border-line bg-warn-soft px-8 py-2 text-sm text-warn max-md:px-4">
            <strong className="font-semibold">JavaScript is off.</strong> This console needs it: without it nobody can
            sign in, and some pages stay grey. Allow scripts for this address, and see that nothing on the way removes
            them.
          </p>
        </noscript>
        {children}
      </body>
    </html>
  )
}
