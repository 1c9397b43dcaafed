import type { ReactNode } from 'react'
import { Brand } from '#components/shell/brand.tsx'

export default function AuthLayout({ children }: { children: ReactNode }) {
  return (
    <main className="mx-auto w-full max-w-[26rem] px-4 py-16 max-sm:py-8">
      <div className="mb-6">
        <Brand />
      </div>
      <div className="card px-6 py-6 max-sm:px-4">{children}</div>
    </main>
  )
}
