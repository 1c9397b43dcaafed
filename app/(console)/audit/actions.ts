'use server'
import { z } from 'zod'
import { permitted } from '#app/_lib/action.ts'
import { verdictText } from '#components/audit/verdict-text.ts'
import { chainEnd } from '#lib/audit/read-chain.ts'
import { mostForPage } from '#lib/audit/schema.ts'
import { verifyAudit } from '#lib/audit/verify-audit.ts'
import { AppError } from '#lib/errors.ts'

/** It reads every event. */
let underWay = false

export async function checkAudit(input: unknown) {
  return permitted('audit.read', z.strictObject({}), input, async ({ console }) => {
    if (underWay)
      throw new AppError('conflict', 'The log is being checked already.', { fix: 'Try again when that has ended.' })
    underWay = true
    try {
      if ((await chainEnd(console.db)).number > mostForPage)
        throw new AppError('invalid', 'The log is too long for a page to go through it.', {
          fix: 'Run byok audit verify on this host.',
        })
      const verdict = await verifyAudit(console.forJob())
      return { status: verdict.fault === null ? 'success' : 'error', message: verdictText(verdict) } as const
    } finally {
      underWay = false
    }
  })
}
