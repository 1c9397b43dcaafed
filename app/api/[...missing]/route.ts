/** An unknown address below /api: JSON, like all others there, and never a page. */
function notFound(): Response {
  return Response.json({ message: 'Not found.' }, { status: 404 })
}

export { notFound as DELETE, notFound as GET, notFound as HEAD, notFound as PATCH, notFound as POST, notFound as PUT }
