import { refusal } from '#app/_lib/answer.ts'
import { getConsole } from '#app/_lib/console.ts'
import { permitRequest } from '#app/_lib/session.ts'
import { viewBackup } from '#lib/backup/view-backups.ts'
import { knownQuery } from '#lib/requests/known-query.ts'
import { backupAnswer, refusalOf } from '../../answer.ts'

export const dynamic = 'force-dynamic'

export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const user = await permitRequest(request, 'backup.read', 'backup:read')
  if (user instanceof Response) return user
  try {
    knownQuery(request.url, [])
    const { backup } = await getConsole()
    const row = await viewBackup(backup, (await params).id)
    return row ? backupAnswer(row) : refusal(404, 'There is no such backup.')
  } catch (error) {
    return refusalOf(error)
  }
}
