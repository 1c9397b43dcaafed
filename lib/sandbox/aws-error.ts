/** An answer that refuses, in the words of the service that gives it. */
export class AwsError extends Error {
  readonly code: string
  readonly status: number
  /** Extra elements of an S3 error document, in order. */
  readonly details: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: string,
    message: string,
    status = 400,
    extra: { details?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.name = 'AwsError'
    this.code = code
    this.status = status
    this.details = extra.details ?? {}
    this.headers = extra.headers ?? {}
  }
}
