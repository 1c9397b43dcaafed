/** An error as the AWS SDK throws it for an answer: the name is AWS's code. */
export function answered(httpStatusCode: number, name: string, message = 'UnknownError'): Error {
  const $metadata = { httpStatusCode, requestId: 'request-1' }
  return Object.assign(new Error(message), { name, $fault: 'client', $metadata })
}

/** An error as Node and the SDK throw it when nobody answered. */
export function local(name: string, code: string | undefined, message: string): Error {
  return Object.assign(new Error(message), { name, ...(code && { code }), $metadata: { attempts: 1 } })
}
