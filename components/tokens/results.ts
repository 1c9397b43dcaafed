export interface Refused {
  readonly status: 'error'
  readonly message: string
  readonly fieldErrors?: Readonly<Record<string, string>>
}
/** The token’s text: shown once. */
export type CreateTokenResult =
  | { readonly status: 'success'; readonly token: string; readonly expiresAt: string }
  | Refused
export type RevokeTokenResult = { readonly status: 'success' } | Refused
