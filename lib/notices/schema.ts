import { z } from 'zod'

export const noticeIdSchema = z.object({
  id: z
    .string()
    .regex(/^\d{1,18}$/)
    .transform(BigInt),
})

export interface NoticeRow {
  /** A bigint as text. */
  readonly id: string
  /** ISO 8601, UTC. */
  readonly at: string
  readonly actor: string
  readonly title: string
  readonly detail: string
  /** A page of this console. */
  readonly link: string | null
}

export interface NoticesView {
  readonly rows: readonly NoticeRow[]
  /** How many there are besides. */
  readonly more: number
}
