import type { Tx } from '#lib/db.ts'

interface News {
  /** Who did it, and so is not told. */
  readonly actor: string
  readonly title: string
  readonly detail: string
  /** A page of this console. */
  readonly link?: string
}

/** Takes the transaction of what it tells of. Each administrator but the actor sees it until they put it away. */
export async function tellAdministrators(tx: Tx, news: News): Promise<void> {
  await tx.notice.create({ data: { ...news, detail: news.detail.slice(0, 2000) } })
}
