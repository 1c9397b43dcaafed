import 'server-only'

export function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } })
}

/** What every refusal looks like: what happened and why, and what to do. */
export function refusal(status: number, message: string, fix?: string, headers?: Record<string, string>): Response {
  return answer(status, { message, fix: fix ?? null }, headers)
}
