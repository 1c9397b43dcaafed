import 'server-only'
import { z } from 'zod'
import { escapeHtml, plainPage } from './plain-page.ts'

const refusalSchema = z.object({ message: z.string(), fix: z.string().nullish() })

/**
 * An answer for programs, as a page where a form of these pages would show it to a person.
 * @param back where its link leads
 */
export async function refusalPage(request: Request, answer: Response, back: string): Promise<Response> {
  if (answer.ok || request.headers.get('sec-fetch-dest') !== 'document') return answer
  const { message, fix } = refusalSchema.parse(await answer.clone().json())
  const nonce = Buffer.from(crypto.randomUUID()).toString('base64')
  const body = plainPage({
    title: 'Nothing was downloaded',
    nonce,
    theme: /(?:^|;\s*)theme=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1],
    main: `<h1>Nothing was downloaded</h1>
<p>${escapeHtml([message, fix].filter(Boolean).join(' '))}</p>
<p><a href="${escapeHtml(back)}">Back</a></p>`,
  })
  return new Response(body, {
    status: answer.status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'none'`,
      'cache-control': 'no-store',
    },
  })
}
