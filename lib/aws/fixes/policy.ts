/** A policy as AWS writes it: IAM user guide, "JSON policy element reference". */
export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Principal?: { readonly AWS: string }
  readonly Action: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Condition?: { readonly StringEquals: Readonly<Record<string, string>> }
}

export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

export const policyOf = (...statements: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
})

export const json = (value: unknown) => JSON.stringify(value, null, 2)

/** Part of an identifier, a file's name or a Sid: nothing that is left needs quoting anywhere. */
export const plainName = (text: string) => text.replace(/[^A-Za-z0-9]/g, '')
