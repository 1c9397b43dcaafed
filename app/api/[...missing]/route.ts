import { refusal } from '#app/_lib/answer.ts'

/** An unknown address below /api: JSON, like all others there, and never a page. */
function notFound(): Response {
  return refusal(404, 'There is no such address.')
}

export { notFound as DELETE, notFound as GET, notFound as HEAD, notFound as PATCH, notFound as POST, notFound as PUT }
