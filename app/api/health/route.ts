import { getConsole } from '#app/_lib/console.ts'
import { AppError } from '#lib/errors.ts'
import { checkHealth } from '#lib/health.ts'
import { answerStart, proofHeader } from '#lib/supervisor/start-proof.ts'

export const dynamic = 'force-dynamic'

/** For load balancers and monitors: needs no session, so it names parts and nothing else. */
export async function GET(request: Request): Promise<Response> {
  const health = await getConsole().then(checkHealth, (error: unknown) =>
    error instanceof AppError && error.code === 'sealed'
      ? { status: 'sealed' as const }
      : { status: 'unavailable' as const, part: 'database' },
  )
  const ok = health.status === 'ok' || health.status === 'degraded'
  return Response.json(health, {
    status: ok ? 200 : 503,
    headers: { 'cache-control': 'no-store', ...answerStart(request.headers.get(proofHeader)) },
  })
}
