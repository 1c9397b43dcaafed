import { z } from 'zod'
import { AppError } from '#lib/errors.ts'
import type { EnvironmentInput } from './schema.ts'
import { credentialKinds, emptyEnvironment, encryptionMethods, environmentSchema, mostFurtherKeys } from './schema.ts'

const secret = z
  .strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) })
  .describe('The name of an environment variable that holds it: a secret is never in the file.')

/**
 * The backup environment as a file. The same settings as the page, checked by the same schema; what is left out is as
 * an empty form has it. `public/backup-environment.schema.json` is made of it.
 */
const environmentFileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    storageType: z.literal('s3').default(emptyEnvironment.storageType),
    region: z.string().describe('Of the bucket and the master key, such as eu-central-1.'),
    encrypt: z.boolean().default(emptyEnvironment.encrypt).describe('false: backups are written as they are.'),
    method: z.enum(encryptionMethods).default(emptyEnvironment.method),
    masterKey: z.string().default('').describe('Key ARN, key ID, alias/… or alias ARN. For method AWS-KMS.'),
    furtherKeys: z
      .array(z.string())
      .max(mostFurtherKeys)
      .default([])
      .describe('Each backup is wrapped under these keys as well. A key of another Region by its ARN.'),
    hosted: z.boolean().default(emptyEnvironment.hosted).describe('true: the bucket belongs to the console.'),
    label: z.string().default('').describe('What people call an own bucket.'),
    bucket: z.string().default('').describe('Not hosted: the own bucket.'),
    prefix: z.string().default('').describe('Not hosted: backups are written below it.'),
    credentials: z
      .enum(credentialKinds)
      .default('default')
      .describe('Not hosted: default is the chain of the console’s own credentials.'),
    accessKeyId: z.string().default('').describe('For credentials access-key.'),
    secretAccessKey: secret.optional().describe('For credentials access-key. Left out: the stored one is kept.'),
    sessionToken: secret.optional().describe('For temporary credentials.'),
    roleArn: z.string().default('').describe('For credentials assume-role.'),
    kmsEndpoint: z.string().default('').describe('Not hosted: an address other than AWS’s own.'),
    s3Endpoint: z.string().default('').describe('Not hosted: an address other than AWS’s own.'),
  })
  .describe('Vault Console: the backup environment')

export function environmentFileJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(environmentFileSchema, { io: 'input' }), null, 2)}\n`
}

/**
 * @param variable looks an environment variable up
 * @throws AppError `invalid`, naming every place in the file that is wrong
 */
export function readEnvironmentFile(text: string, variable: (name: string) => string | undefined) {
  const { $schema, furtherKeys, secretAccessKey, sessionToken, ...rest } = parsed(environmentFileSchema, json(text))
  const referred = (field: string, reference: z.infer<typeof secret> | undefined) => {
    const value = reference && variable(reference.env)
    if (reference && !value)
      throw new AppError('invalid', `${field}: the environment variable ${reference.env} is not set.`)
    return value ?? ''
  }
  const input: EnvironmentInput = {
    ...rest,
    furtherKeys: furtherKeys.map((typed) => ({ typed })),
    secretAccessKey: referred('secretAccessKey', secretAccessKey),
    sessionToken: referred('sessionToken', sessionToken),
  }
  return parsed(environmentSchema, input)
}

/** What `readEnvironmentFile` reads back as the same settings. A stored secret is not in it, and is kept. */
export function environmentFileOf(settings: EnvironmentInput): Readonly<Record<string, unknown>> {
  const { secretAccessKey: _, sessionToken: __, furtherKeys, ...rest } = settings
  const file = { ...rest, furtherKeys: furtherKeys.map(({ typed }) => typed) }
  const always = ['storageType', 'region', 'encrypt', 'hosted']
  const said = Object.entries(file).filter(
    ([name, value]) => always.includes(name) || (value !== '' && JSON.stringify(value) !== '[]'),
  )
  return Object.fromEntries(said)
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    // Where V8 quotes the text around it, that may be a secret without its quotes.
    throw new AppError('invalid', `The file is not JSON: ${reason.replace(/, (?:\.\.\.)?".*$/s, '')}.`)
  }
}

function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => `${issue.path.join('.') || 'The file'}: ${sentenceOf(issue)}`)
  throw new AppError('invalid', lines.join('\n'))
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text in quotes',
  boolean: 'true or false, without quotes',
  array: 'a list: ["…"]',
  object: 'an object: {"…": "…"}',
}

/** Zod's own words for these are for programmers. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `Nothing is called ${issue.keys.map((name) => `“${name}”`).join(' or ')} here.`
  if (issue.code !== 'invalid_type') return issue.message
  const wanted = kinds[issue.expected] ?? issue.expected
  return issue.message.endsWith('received undefined') ? `It is missing. Write ${wanted}.` : `It must be ${wanted}.`
}
