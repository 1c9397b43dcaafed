/** What came of a save or a test. */
export type AlertsResult =
  /** `secret`: a new one, shown this once. */
  | { readonly status: 'success'; readonly secret?: string }
  | { readonly status: 'error'; readonly message: string; readonly fieldErrors?: Readonly<Record<string, string>> }
  /** The person’s password is asked for, for these reasons. */
  | { readonly status: 'confirm'; readonly reasons: readonly string[]; readonly wrong?: string }

export const noAnswer = {
  status: 'error' as const,
  message: 'The console did not answer. Reload the page and look whether it was saved.',
}
